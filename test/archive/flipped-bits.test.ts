import { describe, expect, it } from "vitest";
import { memoryDestination } from "../support/memory-destination.ts";
import { MemorySite } from "../support/memory-site.ts";
import { ArchiveInvalid } from "../../src/archive/archive-invalid.ts";
import { checkCanonical, checkNoGaps } from "../../src/archive/read/check-canonical.ts";
import { openArchive } from "../../src/archive/read/open-archive.ts";
import { openStored } from "../../src/archive/read/stored-entry.ts";
import { verifyArchive } from "../support/verify-archive.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { lines, noise } from "../support/contents.ts";
import { lifeboatZip, type Content } from "../support/lifeboat-zip.ts";
import { fuzzCount } from "../support/long-runs.ts";
import { packArchive, readWhole } from "../support/pack-archive.ts";
import { randomFrom } from "../support/zip-mutations.ts";
import { sparseZip } from "../support/sparse-zip.ts";
import { memorySource } from "../support/memory-source.ts";
import { inlineRunner } from "../support/inline-runners.ts";

/** Of a short run 0: it tries every ninth bit of small archives. With a count they are tried whole, and more of large ones. */
const samples = (few: number, most: number): number => Math.max(few, Math.min(most, Math.floor(fuzzCount / 10)));

const flip = (bytes: Buffer, bit: number): void =>
  void bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);

const isFound = async (check: () => Promise<boolean>): Promise<boolean> => {
  try {
    return await check();
  } catch (error) {
    if (error instanceof ArchiveInvalid) return true;
    throw error;
  }
};

const verifies = async (zip: Buffer, inflate: boolean): Promise<boolean> => {
  const archive = await openArchive(memorySource("flipped.zip", zip));
  return (await verifyArchive(archive, { inflate, runner: inlineRunner })).ok;
};

/** Which of these bits are not missed when they are flipped. */
const unseen = async (zip: Buffer, bits: Iterable<number>, inflate = false): Promise<readonly number[]> => {
  const missed: number[] = [];
  for (const bit of bits) {
    flip(zip, bit);
    if (!(await isFound(async () => !(await verifies(zip, inflate))))) missed.push(bit);
    flip(zip, bit);
  }
  return missed;
};

function* every(count: number, step = 1): Generator<number> {
  for (let bit = 0; bit < count; bit += step) yield bit;
}

function* sample(bits: number, count: number): Generator<number> {
  const random = randomFrom(7);
  for (let taken = 0; taken < count; taken++) yield random(bits);
}

const small: readonly Content[] = [
  { name: "fs/" },
  { name: "fs/a.txt", content: "text that is worth deflating, text that is worth deflating" },
  { name: "fs/link", content: "../a.txt", link: true },
  { name: "fs/none" },
  { name: "fs/ü", content: "short", entry: { mode: 0o4755, ctimeNs: 1n, inode: 5n } },
  {
    name: Buffer.from("fs/\xff", "latin1"),
    content: "far",
    entry: { mtimeNs: 2n ** 62n, ctimeNs: 2n ** 62n, inode: 2n ** 40n },
  },
];
const oneFile: readonly Content[] = [{ name: "f", content: "x", entry: { uid: undefined, gid: undefined } }];

describe("verify finds every flipped bit", () => {
  it.each([
    ["of six entries", small],
    ["of one entry", oneFile],
    ["without entries", []],
  ])("of an archive %s", async (_what, contents) => {
    const zip = lifeboatZip(contents);
    expect(await verifies(zip, false)).toBe(true);
    expect(await unseen(zip, every(zip.length * 8, fuzzCount > 0 ? 1 : 9))).toEqual([]);
    expect(await unseen(zip, every(zip.length * 8, fuzzCount > 0 ? 1 : 99), true)).toEqual([]);
  });

  it("of large files in slices, and of what pads them", async () => {
    const site = new MemorySite();
    site.writeFile(pathFromText("lines"), lines(20 * 2 ** 20));
    site.writeFile(pathFromText("noise"), noise(9 * 2 ** 20));
    site.writeFile(pathFromText("small"), Buffer.from("small"));
    const destination = memoryDestination();
    await packArchive({ site, destination });
    const zip = await readWhole(destination);
    expect(await verifies(zip, true)).toBe(true);
    expect(await unseen(zip, sample(zip.length * 8, samples(10, 5_000)))).toEqual([]);
    // The deflated file comes first; its slices, and the empty blocks that end them, are less than 200 KiB.
    expect(await unseen(zip, sample(200 * 2 ** 13, samples(10, 5_000)))).toEqual([]);
  });

  it("of many small files", async () => {
    const site = new MemorySite();
    for (let file = 0; file < 2_000; file++) site.writeFile(pathFromText(`d${file % 7}/f${file}`), lines(file));
    const destination = memoryDestination();
    await packArchive({ site, destination });
    const zip = await readWhole(destination);
    expect(await verifies(zip, true)).toBe(true);
    expect(await unseen(zip, sample(zip.length * 8, samples(20, 20_000)))).toEqual([]);
  });

  it("of all records of a ZIP64 archive", async () => {
    const { head, tail, source } = sparseZip(2 ** 32 + 12_345);
    // All that verifying does short of reading the gigabytes of zeros, whose checksum the other tests stand for.
    const isFaulty = async (): Promise<boolean> => {
      const archive = await openArchive(source);
      checkNoGaps(archive);
      await checkCanonical(archive);
      for (let place = 0; place < archive.directory.length; place++) {
        const { entry, pieces } = await openStored(archive, place, { ahead: 0 });
        if (entry.sizeBytes < 1000) for await (const piece of pieces()) expect(piece.length).toBeGreaterThan(0);
      }
      return false;
    };
    expect(await isFound(isFaulty)).toBe(false);
    const missed: string[] = [];
    for (const [name, bytes, records] of [
      ["local headers", head, head],
      ["directory and end", tail, tail],
    ] as const) {
      for (const bit of every(records.length * 8, fuzzCount > 0 ? 1 : 45)) {
        flip(bytes, bit);
        if (!(await isFound(isFaulty))) missed.push(`${name}: ${bit}`);
        flip(bytes, bit);
      }
    }
    expect(missed).toEqual([]);
  });
});
