import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ArchiveInvalid } from "../../src/archive/archive-invalid.ts";
import { copyOutTarGz } from "../../src/archive/selection/copy-out-tar-gz.ts";
import { copyOutZip } from "../../src/archive/selection/copy-out-zip.ts";
import { selectEntries } from "../../src/archive/selection/copy-selection.ts";
import { extractToRoots } from "../../src/archive/restore/extract-to-roots.ts";
import { openArchive, type Archive } from "../../src/archive/read/open-archive.ts";
import { readEntry } from "../../src/archive/read/read-entry.ts";
import { verifyArchive } from "../support/verify-archive.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { lines, noise as longNoise } from "../support/contents.ts";
import { lifeboatZip, type Content } from "../support/lifeboat-zip.ts";
import { firstFuzzSeed, fuzzCount } from "../support/long-runs.ts";
import { rawZip, type RawEntry } from "../support/raw-zip.ts";
import { layoutOf, mutated } from "../support/zip-mutations.ts";
import { memorySource } from "../support/memory-source.ts";
import { inlineRunner } from "../support/inline-runners.ts";

/** How many damaged archives are tried: a full run takes 200,000. */
const count = fuzzCount || 300;

const text = "A line that is worth deflating, and another one that is worth it too.\n".repeat(40);
const noise = createHash("shake256", { outputLength: 3000 }).update("noise").digest();

const ours: readonly Content[] = [
  { name: "fs/" },
  { name: "fs/a.txt", content: text },
  { name: "fs/b.txt", content: text.toUpperCase() },
  { name: "fs/deep/er/c.bin", content: noise },
  { name: "fs/empty" },
  { name: "fs/folder/" },
  { name: "fs/link", content: "a.txt", link: true },
  { name: "fs/out", content: "../../../outside", link: true },
  {
    name: Buffer.from("fs/\xff\xfe", "latin1"),
    content: "raw name",
    entry: { mode: 0o4755, ctimeNs: 1n, inode: 2n ** 40n },
  },
  { name: "dump", content: Buffer.alloc(50_000, "INSERT INTO t VALUES (1);\n") },
];

const foreign: readonly RawEntry[] = [
  { name: "fs/", method: 0 },
  { name: "fs/a.txt", content: text },
  { name: "fs/b.txt", content: noise, method: 0 },
  { name: "fs/link", content: "a.txt", method: 0, mode: 0o120777 },
  { name: "fs/deep/er/c", content: "c" },
  { name: "big", content: Buffer.alloc(200_000) },
];

const descriptor = (entry: RawEntry, index: number): RawEntry => ({
  ...entry,
  descriptor: index % 2 === 0 ? "signed" : "plain",
});

/** Zips with a prefix are mutated without it; it is put before them again. */
const bases: readonly Base[] = [
  { zip: lifeboatZip(ours) },
  { zip: lifeboatZip(ours.slice(1, 3)) },
  { zip: rawZip(foreign) },
  { zip: rawZip(foreign.map(descriptor)) },
  {
    zip: rawZip(
      foreign.map((entry) => ({ ...entry, zip64: true })),
      { zip64End: true },
    ),
  },
  {
    zip: rawZip(
      foreign.map((entry, at) => ({ ...descriptor(entry, at), zip64: true })),
      { comment: "a comment" },
    ),
  },
  { zip: rawZip(foreign.map((entry) => ({ ...entry, system: 0, name: String(entry.name).replaceAll("/", "\\") }))) },
  { zip: rawZip(foreign), prefix: Buffer.from("#!/bin/sh\n") },
];

const deflatesWell = lines(9 * 2 ** 20);
const deflatesNot = longNoise(5 * 2 ** 20);

const largeBases = (): readonly Base[] => {
  const small = { name: "fs/small", content: "small" };
  return [
    { zip: lifeboatZip([{ name: "fs/large", content: deflatesWell }, small]) },
    { zip: rawZip([{ name: "fs/large", content: deflatesWell }, small]) },
    { zip: rawZip([{ name: "fs/large", content: deflatesWell, descriptor: "signed", zip64: true }, small]) },
    { zip: lifeboatZip([small, { name: "fs/stored", content: deflatesNot }]) },
    { zip: rawZip([{ name: "fs/stored", content: deflatesNot, method: 0 }, small]) },
  ];
};

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Everything that any of the archives really holds: what is read without an error must be among it. */
const trueContents = new Set(
  [...ours, ...foreign, { content: deflatesWell }, { content: deflatesNot }, { content: "small" }].map(({ content }) =>
    sha256(Buffer.from(content ?? "")),
  ),
);

let jail = "";
let target = "";
const sentinel = "nobody writes here";
const rootBefore = readdirSync("/").toSorted();

beforeAll(() => {
  jail = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "lifeboat-hostile-"));
  target = join(jail, "some", "where", "target");
  mkdirSync(join(jail, "outside"));
  writeFileSync(join(jail, "outside", "file"), sentinel);
});
afterAll(() => rmSync(jail, { recursive: true, force: true }));

/** What lies around the target, which no archive may touch. */
const surroundings = (): readonly string[] => [
  ...readdirSync(jail),
  ...readdirSync(join(jail, "some")),
  ...readdirSync(join(jail, "some", "where")),
  ...readdirSync(join(jail, "outside")),
  readFileSync(join(jail, "outside", "file"), "utf8"),
];
const untouched = ["outside", "some", "where", "target", "file", sentinel];

/** An error that says what is wrong: of the archive, or of the file system that cannot hold a name. */
const isNamed = (error: unknown): boolean =>
  error instanceof ArchiveInvalid ||
  (error instanceof Error &&
    "code" in error &&
    ["ENAMETOOLONG", "EEXIST", "ENOTDIR", "EISDIR"].includes(String(error.code)));

/** Codes of what goes wrong; undefined when nothing does. */
const attempt = async (work: () => Promise<void>): Promise<string | undefined> => {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (isNamed(error)) return (error as Error & { code: string }).code; // Both kinds have one.
    throw error;
  }
};

const readAll = async (archive: Archive, what: string): Promise<void> => {
  for (let place = 0; place < archive.directory.length; place++) {
    await attempt(async () => {
      const hash = createHash("sha256");
      let length = 0;
      for await (const piece of readEntry(archive, place)) {
        length += piece.length;
        hash.update(piece);
      }
      expect(length, what).toBe(archive.directory.sizeBytes(place));
      expect(trueContents, `${what}: ${archive.directory.name(place)}`).toContain(hash.digest("hex"));
    });
  }
};

const unpack = async (archive: Archive): Promise<void> => {
  mkdirSync(target, { recursive: true });
  await extractToRoots(archive, archive.byOffset, {
    runner: inlineRunner,
    roots: [{ at: pathFromText(""), directory: target }],
    prefix: pathFromText(""),
    stampsFolders: true,
  });
};

/** A zip of all its entries is sound when the archive is; of a damaged one it may be made or not. */
const copyAsZip = async (archive: Archive, isSound: boolean, what: string): Promise<void> => {
  const { places } = selectEntries(archive.directory, [pathFromText("")]);
  const parts: Uint8Array[] = [];
  const failed = await attempt(async () => {
    for await (const part of copyOutZip(archive, places).content) parts.push(part);
    const copy = await openArchive(memorySource("copy.zip", Buffer.concat(parts)));
    const report = await verifyArchive(copy, { inflate: true, runner: inlineRunner });
    expect([what, report.ok || !isSound, report.entries]).toEqual([what, true, archive.directory.length]);
  });
  const hasDevices = Array.from(places, (place) => archive.directory.at(place).kind).includes("other");
  if (isSound) expect([what, failed]).toEqual([what, hasDevices ? "BadRecord" : undefined]);
};

const copyAsTar = async (archive: Archive): Promise<void> => {
  const { places } = selectEntries(archive.directory, [pathFromText("")]);
  let length = 0;
  await attempt(async () => {
    for await (const part of copyOutTarGz(archive, places, { runner: inlineRunner }).content) length += part.length;
    expect(length).toBeGreaterThan(20);
  });
};

/** What became of one archive, for the count of outcomes. */
const tryArchive = async (zip: Buffer, what: string): Promise<string> => {
  let opened: Archive | undefined;
  const refused = await attempt(async () => void (opened = await openArchive(memorySource("hostile.zip", zip))));
  if (opened === undefined) return refused ?? "";
  const archive = opened;
  await readAll(archive, what);
  const faults: string[] = [];
  for (const inflate of [false, true]) {
    const report = await verifyArchive(archive, { inflate, runner: inlineRunner });
    faults.push(...report.faults.map(({ code }) => code));
  }
  await copyAsZip(archive, faults.length === 0, what);
  // Each takes a few milliseconds of setting up.
  if (zip.length % 8 === 0) await copyAsTar(archive);
  const failed = await attempt(() => unpack(archive));
  expect(surroundings(), what).toEqual(untouched);
  rmSync(target, { recursive: true });
  // Verified without a fault means that it can be unpacked, unless the file system has other views on names.
  if (faults.length === 0 && failed !== undefined) expect(failed, what).toMatch(/^E[A-Z]+$/);
  return faults[0] ?? failed ?? "read correctly";
};

interface Base {
  readonly zip: Buffer;
  readonly prefix?: Buffer;
}

/** With the milliseconds that it kept processors busy: how long it takes is up to what else the machine does. */
const timed = async (zip: Buffer, what: string): Promise<readonly [string, number]> => {
  const started = process.cpuUsage();
  const outcome = await tryArchive(zip, what);
  const { user, system } = process.cpuUsage(started);
  return [outcome, (user + system) / 1000];
};

/** Damages each of the bases in turn, as the seeds say; tells the slowest and how the process grew. */
const tryMany = async (given: readonly Base[], seeds: { readonly from: number; readonly count: number }) => {
  const layouts = given.map(({ zip }) => layoutOf(zip));
  const outcomes = new Map<string, number>();
  const before = process.memoryUsage().rss;
  let [slowest, most] = [{ ms: 0, what: "" }, before];
  for (let seed = seeds.from; seed < seeds.from + seeds.count; seed++) {
    const { zip, prefix = Buffer.alloc(0) } = given[seed % given.length] ?? { zip: Buffer.alloc(0) };
    const layout = layouts[seed % given.length];
    if (layout === undefined) throw new Error("no layout");
    const { what, bytes } = mutated(zip, layout, seed);
    const whole = Buffer.concat([prefix, bytes]);
    const [outcome, ms] = await timed(whole, `seed ${seed}: ${what}`);
    if (ms > slowest.ms) slowest = { ms, what: `seed ${seed}: ${what}` };
    if (seed % 16 === 0) most = Math.max(most, process.memoryUsage().rss);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const grownMiB = (most - before) / 2 ** 20;
  // oxlint-disable-next-line no-console -- the figures of a long run
  if (fuzzCount > 0) console.log({ seeds, slowest, grownMiB, outcomes });
  // What fails, fails by what was done to it.
  for (const { zip, prefix = Buffer.alloc(0) } of given)
    expect(await tryArchive(Buffer.concat([prefix, zip]), "whole")).toBe("read correctly");
  expect(readdirSync("/").toSorted()).toEqual(rootBefore);
  return { slowest, grownMiB };
};

describe("damaged and forged archives are read correctly or refused by name, and write nothing outside of the target", () => {
  it("of small files, each with less than a second of work", { timeout: 36_000_000 }, async () => {
    const { slowest, grownMiB } = await tryMany(bases, { from: firstFuzzSeed, count });
    expect(slowest.ms, slowest.what).toBeLessThan(1000);
    expect(grownMiB).toBeLessThan(300);
  });

  it("of large files, which are read in pieces", { timeout: 36_000_000 }, async () => {
    const seeds = { from: firstFuzzSeed, count: Math.max(8, Math.floor(count / 50)) };
    const { slowest, grownMiB } = await tryMany(largeBases(), seeds);
    // Each is read, verified twice, copied, and unpacked: eight times ten megabytes.
    expect(slowest.ms, slowest.what).toBeLessThan(8_000);
    expect(grownMiB).toBeLessThan(300);
  });
});
