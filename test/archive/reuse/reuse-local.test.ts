import {
  appendFileSync,
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { directoryDestination } from "../../../src/adapters/destination/directory.ts";
import { LocalDirectory } from "../../../src/adapters/site-files/local-directory.ts";
import { entriesToPack } from "../../../src/archive/reuse/reuse-plan.ts";
import type { PreviousRef } from "../../../src/archive/reuse/reuse-source.ts";
import { pathFromText, type BytePath } from "../../../src/domain/byte-path.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { soundContents } from "../../support/archive-contents.ts";
import { lines, noise } from "../../support/contents.ts";
import { buildTree, oddTree, temporaryFolder } from "../../support/file-tree.ts";
import { listSite, packArchive } from "../../support/pack-archive.ts";
import { reuseArchive, type Reused } from "../../support/reuse-archive.ts";

const MiB = 2 ** 20;

/** Looked at two minutes after it was written: nothing waits here, and what is young is never reused. */
class Later extends LocalDirectory {
  override async now(): Promise<bigint> {
    return (await super.now()) + 120_000_000_000n;
  }
}

let folder: ReturnType<typeof temporaryFolder>;
let home: string;
let destination: Destination;
let site: LocalDirectory;
beforeEach(() => {
  folder = temporaryFolder();
  home = join(folder.path, "home");
  destination = directoryDestination(join(folder.path, "backups"), { isMade: true });
  site = new Later([{ at: pathFromText(""), directory: home }]);
});
afterEach(() => folder.remove());

const at = (name: string): string => join(home, "site", name);

const first = async (): Promise<PreviousRef> => {
  const { commitId } = await packArchive({ site, destination, name: "a.zip" });
  return { name: "a.zip", commitId };
};

const packedAgain = async ({ plan }: Reused): Promise<readonly string[]> => {
  const rest = entriesToPack(await listSite(site), plan);
  return Array.from({ length: rest.length }, (_, place) => rest.at(place).path.slice("site/".length));
};

describe("a directory of this machine", () => {
  it("is copied whole when nothing changed, whatever its files are called", async () => {
    // The cast is safe: latin1 text is a byte path.
    buildTree(home, new Map([...oddTree(), ["site/latin1-\xe9\xff" as BytePath, { content: "not valid UTF-8" }]]));
    writeFileSync(at("large.bin"), noise(9 * MiB));
    const previous = await first();
    const reused = await reuseArchive({ site, destination, previous, name: "b.zip" });
    expect(await packedAgain(reused)).toEqual([]);
    expect(await soundContents(destination, "b.zip")).toEqual(await soundContents(destination, "a.zip"));
  });

  it("is packed where anything was done to its files, and nowhere else", async () => {
    const names = ["appended", "rewritten", "replaced", "moved", "linked", "mode", "kept", "large", "became a link"];
    mkdirSync(at("folder"), { recursive: true });
    for (const [index, name] of names.entries()) writeFileSync(at(name), noise(5_000, index + 1));
    writeFileSync(at("large"), lines(9 * MiB));
    writeFileSync(at("folder/inside"), lines(100));
    const old = new Date("2026-01-02T03:04:06Z");
    for (const name of [...names, "folder/inside"]) utimesSync(at(name), old, old);
    const previous = await first();

    appendFileSync(at("appended"), "more");
    // The same length, and its time put back.
    writeFileSync(at("rewritten"), noise(5_000, 20));
    // Another file of the same length and time put in its place.
    writeFileSync(at("new"), noise(5_000, 21));
    for (const name of ["rewritten", "new"]) utimesSync(at(name), old, old);
    renameSync(at("new"), at("replaced"));
    renameSync(at("moved"), at("moved on"));
    linkSync(at("linked"), at("another name"));
    chmodSync(at("mode"), 0o600);
    rmSync(at("became a link"));
    symlinkSync("kept", at("became a link"));
    const large = statSync(at("large"));
    writeFileSync(at("large"), "L", { flag: "r+" });
    utimesSync(at("large"), large.atime, large.mtime);
    renameSync(at("folder"), at("renamed folder"));

    const reused = await reuseArchive({ site, destination, previous, name: "b.zip" });
    // What has another change time now, and the same content, was read, and is copied: "mode" and "linked".
    const expected = ["another name", "appended", "became a link", "large", "moved on", "renamed folder/inside"];
    const isFolder = new Set(["", "renamed folder"]);
    const packed = (await packedAgain(reused)).filter((name) => !isFolder.has(name));
    expect(packed).toEqual([...expected, "replaced", "rewritten"]);
    await packArchive({ site, destination, name: "scratch.zip" });
    expect(await soundContents(destination, "b.zip")).toEqual(await soundContents(destination, "scratch.zip"));
  });

  it("is packed from the site where the disk has spoilt the previous archive", async () => {
    mkdirSync(at("."), { recursive: true });
    for (let number = 0; number < 20; number++) writeFileSync(at(`f${number}`), noise(40_000, number + 1));
    const previous = await first();
    // In place: the file keeps its name, length and, put back, its times, as a rotten sector does.
    const zip = join(folder.path, "backups/a.zip");
    const { atime, mtime } = statSync(zip);
    const file = openSync(zip, "r+");
    writeSync(file, "rotten", 300_000);
    closeSync(file);
    utimesSync(zip, atime, mtime);
    const reused = await reuseArchive({ site, destination, previous, name: "b.zip" });
    expect(reused.damaged.length).toBe(1);
    await packArchive({ site, destination, name: "scratch.zip" });
    expect(await soundContents(destination, "b.zip")).toEqual(await soundContents(destination, "scratch.zip"));
  });
});
