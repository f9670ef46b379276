import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { objectSource } from "../../../src/archive/read/byte-source.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { readEntry } from "../../../src/archive/read/read-entry.ts";
import { container, restoreWorld, type RestoreWorld } from "../../support/restore-world.ts";

// So many that no file is written twice within one tick of a file system's clock, where nobody could tell.
const files = 240;
const lines = 1_500;
const rounds = 4;

/** Every line of a file says which of its contents this is, so that a mixture shows. */
const contentOf = (version: number): string => `version ${version}\n`.repeat(lines);

/** Writes files anew as fast as it can, every other in place and every other by a rename, until it is killed. */
const writer = `
  const { renameSync, writeFileSync } = require("node:fs");
  const [, folder] = process.argv;
  process.stdout.write("writing\\n");
  for (let version = 1; ; version++) {
    const content = ("version " + version + "\\n").repeat(${lines});
    for (let file = 0; file < ${files}; file++) {
      const path = folder + "/file-" + file;
      if (file % 2 === 0) writeFileSync(path, content);
      else { writeFileSync(folder + "/../new", content); renameSync(folder + "/../new", path); }
    }
  }
`;

let world: RestoreWorld;
beforeEach(() => {
  world = restoreWorld();
  mkdirSync(join(world.home, "site/wwwroot/data"), { recursive: true });
  for (let file = 0; file < files; file++)
    writeFileSync(join(world.home, `site/wwwroot/data/file-${file}`), contentOf(0));
});
afterEach(() => world.remove());

describe("a site that is written while it is backed up", () => {
  it("is backed up with contents that its files really had, but for those that the log names", async () => {
    const child = spawn(process.execPath, ["-e", writer, join(world.home, "site/wwwroot/data")], { stdio: "pipe" });
    await once(child.stdout, "data");
    try {
      for (let round = 0; round < rounds; round++) {
        const backup = await world.backUp();
        world.clock.time = new Date(world.clock.time.getTime() + 60_000);
        const destination = world.container(container);
        const object = await destination.head(`${backup.blobBase}.zip`);
        if (object === undefined) throw new Error("The zip is not there.");
        const archive = await openArchive(objectSource(destination, object));
        const mixed: string[] = [];
        for (let place = 0; place < archive.directory.length; place++) {
          const { name, changedWhileRead } = archive.directory.at(place);
          if (!name.includes("/file-") || changedWhileRead) continue;
          const parts: Uint8Array[] = [];
          for await (const part of readEntry(archive, place)) parts.push(part);
          const text = Buffer.concat(parts).toString();
          // In place it also had, for a moment, only the beginning of a content.
          const version = /^version (\d+)\n/.exec(text)?.[1] ?? "0";
          const whole = `version ${version}\n`.repeat(lines);
          const isReal = Number(/file-(\d+)/.exec(name)?.[1]) % 2 === 0 ? whole.startsWith(text) : whole === text;
          if (!isReal) mixed.push(name);
        }
        expect(mixed).toEqual([]);
      }
    } finally {
      child.kill("SIGKILL");
      await once(child, "close");
    }
  });
});
