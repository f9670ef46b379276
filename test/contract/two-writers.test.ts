import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, describe } from "vitest";
import { blobContainer } from "../../src/adapters/destination/blob-container.ts";
import { directoryDestination } from "../../src/adapters/destination/directory.ts";
import { memoryDestination } from "../support/memory-destination.ts";
import { MemorySite } from "../support/memory-site.ts";
import { objectSource } from "../../src/archive/read/byte-source.ts";
import { openArchive } from "../../src/archive/read/open-archive.ts";
import { verifyArchive } from "../support/verify-archive.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { Secret } from "../../src/domain/secret.ts";
import { readManifest } from "../../src/manifest/read-manifest.ts";
import type { Destination } from "../../src/ports/destination.ts";
import { namesOf, noise } from "../adapters/destination/blocks.ts";
import { azuritePresent, startAzurite } from "../support/azurite.ts";
import { faultyBackups } from "../support/faulty-backup.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { inlineThreads } from "../support/installation.ts";
import { describeWith } from "../support/needs.ts";

interface Store {
  /** As another process opens it. */
  readonly open: () => Promise<Destination>;
  readonly close: () => Promise<void>;
}

let folder: { readonly path: string; readonly remove: () => void };
beforeEach(() => (folder = temporaryFolder()));
afterEach(() => folder.remove());

const site = (seed: string): MemorySite => {
  const files = new MemorySite();
  for (let page = 0; page < 20; page++)
    files.writeFile(pathFromText(`site/wwwroot/${seed}-${page}.html`), noise(5_000, `${seed} ${page}`));
  return files;
};

const contentsOf = async (store: Destination, name: string): Promise<readonly string[]> => {
  const object = await store.head(name);
  if (object === undefined) throw new Error(`There is no ${name}.`);
  const archive = await openArchive(objectSource(store, object));
  expect(await verifyArchive(archive, { inflate: true, runner: inlineThreads })).toMatchObject({ ok: true });
  const { directory } = archive;
  return Array.from({ length: directory.length }, (_, place) => String(directory.name(place)));
};

/** Two installations that know nothing of each other, which only the container itself can keep apart. */
const twoWriters = (open: () => Promise<Store>): void => {
  it.each([1, 2, 3])("end with one whole backup and one that says why there is none (%i)", async () => {
    const store = await open();
    try {
      mkdirSync(join(folder.path, "home"));
      const sound = await store.open();
      const writers = await Promise.all(
        ["a", "b"].map(async (seed) => {
          const place = { faulty: await store.open(), sound, directory: join(folder.path, "home"), files: site(seed) };
          return { seed, ...faultyBackups(place) };
        }),
      );
      const backups = await Promise.all(
        writers.map(async ({ seed, backUp }) => ({ seed, backup: await backUp("night") })),
      );
      const [winner] = backups.filter(({ backup }) => backup.status === "Succeeded");
      const [loser] = backups.filter(({ backup }) => backup.status === "Failed");
      expect(backups.map(({ backup }) => backup.status).toSorted()).toEqual(["Failed", "Succeeded"]);
      expect(loser?.backup.log).toMatch(
        /^night\.zip is in the container already, and another than this backup wrote it/,
      );
      expect(await namesOf(sound.list(""))).toEqual(["night.xml", "night.zip"]);
      const names = await contentsOf(sound, "night.zip");
      const files = names.filter((name) => /^fs\/.*\.html$/.test(name));
      expect(files).toHaveLength(20);
      expect(files.every((name) => name.startsWith(`fs/site/wwwroot/${winner?.seed}-`))).toBe(true);
      const xml = await sound.head("night.xml");
      const read = readManifest(await sound.read("night.xml", { offset: 0, length: xml?.sizeBytes ?? 0 }));
      expect(read.isOurs && read.manifest.archive.commitId).toBe(winner?.backup.commitId);
    } finally {
      await store.close();
    }
  });
};

describe("two installations writing one name to one folder", () => {
  twoWriters(async () => {
    const root = join(folder.path, "backups");
    return { open: async () => directoryDestination(root, { isMade: true }), close: async () => undefined };
  });
});

describe("two installations writing one name to one container in memory", () => {
  twoWriters(async () => {
    const memory = memoryDestination();
    return { open: async () => memory, close: async () => undefined };
  });
});

describeWith("azurite", azuritePresent, "two installations writing one name to one blob container", () => {
  twoWriters(async () => {
    const azurite = await startAzurite();
    const container = await azurite.createContainer("backups");
    const { search } = new URL(azurite.containerSas("backups", "rwdl", new Date(Date.now() + 3_600_000)));
    return { open: async () => blobContainer({ container, sas: new Secret(search) }), close: () => azurite.stop() };
  });
});
