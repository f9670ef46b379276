import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryDestination } from "../../support/memory-destination.ts";
import { MemorySite } from "../../support/memory-site.ts";
import type { ByteSource } from "../../../src/archive/read/byte-source.ts";
import { copyOutZip } from "../../../src/archive/selection/copy-out-zip.ts";
import { selectEntries } from "../../../src/archive/selection/copy-selection.ts";
import { openArchive, type Archive } from "../../../src/archive/read/open-archive.ts";
import { verifyArchive } from "../../support/verify-archive.ts";
import { pathFromText, type BytePath } from "../../../src/domain/byte-path.ts";
import { contentOf } from "../../support/archive-contents.ts";
import { lines, noise } from "../../support/contents.ts";
import { packArchive, readWhole } from "../../support/pack-archive.ts";
import { rawZip } from "../../support/raw-zip.ts";
import { memorySource } from "../../support/memory-source.ts";
import { inlineRunner } from "../../support/inline-runners.ts";

const path = pathFromText;
const MiB = 2 ** 20;

const joined = async (content: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
};

const siteWithEverything = (): MemorySite => {
  const site = new MemorySite();
  site.writeFile(path("site/index.php"), lines(3_000), { mode: 0o640, uid: 33, gid: 33, owner: "www-data" });
  site.writeFile("site/not utf-8 \xe9" as BytePath, noise(5_000), { mtimeNs: -1_500_000_000n });
  site.writeFile(path("site/empty"), Buffer.alloc(0));
  site.makeDirectory(path("site/empty folder"), { mode: 0o2770 });
  site.makeLink(path("site/link"), path("../elsewhere"));
  for (let number = 0; number < 300; number++) site.writeFile(path(`site/cache/${number}`), noise(2_000, number + 1));
  site.writeFile(path("site/stored.bin"), noise(5 * MiB));
  site.writeFile(path("site/large.log"), lines(9 * MiB));
  return site;
};

const packedSource = async (site: MemorySite): Promise<ByteSource> => {
  const destination = memoryDestination();
  await packArchive({ site, destination });
  return memorySource("a.zip", await readWhole(destination));
};

/** Packed once; nobody changes it. */
const everything = packedSource(siteWithEverything());

const copied = async (archive: Archive, places: Uint32Array): Promise<{ bytes: Buffer; zip: Archive }> => {
  const { sizeBytes, content } = copyOutZip(archive, places);
  const bytes = await joined(content);
  if (sizeBytes !== undefined) expect(bytes.length).toBe(sizeBytes);
  const zip = await openArchive(memorySource("copy.zip", bytes));
  const report = await verifyArchive(zip, { inflate: true, commitId: zip.commitId, runner: inlineRunner });
  expect(report.faults).toEqual([]);
  return { bytes, zip };
};

/** The copy has the selected entries and no others, as they are in the archive to the last field, and their contents. */
const expectSelection = async (zip: Archive, archive: Archive, places: Uint32Array): Promise<void> => {
  expect(zip.directory.length).toBe(places.length);
  for (const [at, place] of places.entries()) {
    expect({ ...zip.directory.at(at), offset: 0 }).toEqual({ ...archive.directory.at(place), offset: 0 });
    const isSame = (await contentOf(zip, at)).equals(await contentOf(archive, place));
    expect([zip.directory.name(at), isSame]).toEqual([archive.directory.name(place), true]);
  }
};

describe("a selection as a zip", () => {
  it("is an archive like any of ours, with everything that was known of its entries", async () => {
    const archive = await openArchive(await everything);
    for (const paths of [["fs/site"], ["fs/site/cache", "fs/site/link"], ["fs/site/large.log"], ["fs/site/cache/7"]]) {
      const { places } = selectEntries(archive.directory, paths.map(path));
      expect(places.length).toBeGreaterThan(0);
      await expectSelection((await copied(archive, places)).zip, archive, places);
    }
  });

  it("of everything is the archive itself, byte for byte", async () => {
    const source = await everything;
    const archive = await openArchive(source);
    const { bytes } = await copied(archive, selectEntries(archive.directory, [path("")]).places);
    expect(bytes.equals(await source.read(0, source.sizeBytes))).toBe(true);
  });

  it("has an unknown size when counting would take long, and is as sound", async () => {
    const site = new MemorySite();
    for (let number = 0; number < 50_001; number++) site.makeDirectory(path(`${number}`));
    const archive = await openArchive(await packedSource(site));
    const { places } = selectEntries(archive.directory, [path("")]);
    expect(copyOutZip(archive, places).sizeBytes).toBeUndefined();
    expect((await copied(archive, places)).zip.directory.length).toBe(50_001);
    expect(copyOutZip(archive, places.subarray(1)).sizeBytes).toBeGreaterThan(50_000 * 100);
  });

  it("of nothing is an empty zip", async () => {
    const archive = await openArchive(await everything);
    expect((await copied(archive, new Uint32Array())).zip.directory.length).toBe(0);
  });

  it("holds exactly what was chosen, whatever that is", async () => {
    const site = new MemorySite();
    for (let number = 0; number < 40; number++) site.writeFile(path(`f${number}`), noise(number * 500, number + 1));
    const archive = await openArchive(await packedSource(site));
    const choice = fc.array(fc.boolean(), { minLength: 40, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(choice, async (chosen) => {
        const places = Uint32Array.from([...chosen.keys()].filter((place) => chosen[place]));
        const first = await copied(archive, places);
        await expectSelection(first.zip, archive, places);
        expect((await copied(archive, places)).bytes.equals(first.bytes)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

describe("reading for it", () => {
  /** A source that remembers what was read and how much of it at once. */
  const watched = (source: ByteSource) => {
    const reads: { readonly offset: number; readonly length: number }[] = [];
    let running = 0;
    let most = 0;
    const read: ByteSource["read"] = async (offset, length, signal) => {
      reads.push({ offset, length });
      most = Math.max(most, (running += length));
      const bytes = await source.read(offset, length, signal);
      running -= length;
      return bytes;
    };
    return { source: { ...source, read }, reads, mostAtOnce: () => most };
  };

  it("goes by ranges: only what is chosen, a bounded amount at a time", async () => {
    const site = siteWithEverything();
    for (let number = 0; number < 8; number++) site.writeFile(path(`more/${number}`), noise(3 * MiB, number + 1));
    const { source, reads, mostAtOnce } = watched(await packedSource(site));
    const archive = await openArchive(source);
    reads.length = 0;
    await copied(archive, selectEntries(archive.directory, [path("fs/site/index.php")]).places);
    expect(reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(10_000);
    await copied(archive, selectEntries(archive.directory, [path("fs/more")]).places);
    expect(mostAtOnce()).toBeLessThan(18 * MiB);
  });

  it("stops when the consumer does", async () => {
    const site = new MemorySite();
    for (let number = 0; number < 12; number++) site.writeFile(path(`${number}`), noise(3 * MiB, number + 1));
    const { source, reads } = watched(await packedSource(site));
    const archive = await openArchive(source);
    reads.length = 0;
    for await (const _ of copyOutZip(archive, selectEntries(archive.directory, [path("")]).places).content) break;
    expect(reads.length).toBeLessThan(6);
  });

  it("ends with the signal's reason", async () => {
    const archive = await openArchive(await everything);
    const { places } = selectEntries(archive.directory, [path("")]);
    const { content } = copyOutZip(archive, places, { signal: AbortSignal.abort(new Error("enough")) });
    await expect(joined(content)).rejects.toThrow("enough");
  });

  it.each(["fs/site/cache/7", "fs/site/stored.bin", "fs/site/large.log"])("fails when %s is damaged", async (name) => {
    const source = await everything;
    const archive = await openArchive(source);
    const place = archive.directory.find(path(name));
    const bytes = Buffer.from(await source.read(0, source.sizeBytes));
    const at = archive.directory.offset(place) + 30 + name.length + archive.directory.storedBytes(place) - 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const damaged = await openArchive(memorySource("a.zip", bytes));
    const { content } = copyOutZip(damaged, selectEntries(damaged.directory, [path("fs/site")]).places);
    await expect(joined(content)).rejects.toMatchObject({ code: "StoredCrcMismatch", entry: name });
  });
});

describe("archives of other tools", () => {
  const entries = [
    { name: "folder/" },
    { name: "folder/streamed", content: lines(5_000), descriptor: "signed" as const },
    {
      name: "folder/stored",
      content: "as it is",
      method: 0,
      localExtra: Buffer.from("55540100 00".replace(" ", ""), "hex"),
    },
    { name: "large", content: lines(9 * MiB), descriptor: "plain" as const, zip64: true },
  ];

  it("are copied too, and can from then on be checked without inflating", async () => {
    const archive = await openArchive(memorySource("b.zip", rawZip(entries)));
    const { places } = selectEntries(archive.directory, [path("")]);
    expect(copyOutZip(archive, places).sizeBytes).toBeUndefined();
    const { zip, bytes } = await copied(archive, places);
    for (const [at, place] of places.entries())
      expect((await contentOf(zip, at)).equals(await contentOf(archive, place))).toBe(true);
    const at = bytes.indexOf("as it is");
    bytes[at] = 0;
    const spoilt = await openArchive(memorySource("c.zip", bytes));
    const report = await verifyArchive(spoilt, { inflate: false, runner: inlineRunner });
    expect(report.faults.map(({ code }) => code)).toEqual(["StoredCrcMismatch"]);
  });

  it.each(["folder/stored", "large"])("are inflated on the way, so that damage to %s is found", async (name) => {
    const bytes = rawZip(entries);
    const at = name === "large" ? bytes.length - 2_000 : bytes.indexOf("as it is");
    bytes[at] = (bytes[at] ?? 0) ^ 0x40;
    const archive = await openArchive(memorySource("b.zip", bytes));
    const { content } = copyOutZip(archive, selectEntries(archive.directory, [path("")]).places);
    await expect(joined(content)).rejects.toMatchObject({ name: "ArchiveInvalid", entry: name });
  });

  it("are refused before the first byte where they are encrypted, packed otherwise, or no files", async () => {
    for (const [entry, code] of [
      [{ name: "x", content: "secret", flags: 1 }, "Encrypted"],
      [{ name: "x", content: "bzip2", method: 12 }, "UnsupportedMethod"],
      [{ name: "x", mode: 0o060644 }, "BadRecord"],
    ] as const) {
      const archive = await openArchive(memorySource("b.zip", rawZip([entry])));
      const places = Uint32Array.of(0);
      expect(() => copyOutZip(archive, places)).toThrow(expect.objectContaining({ code, entry: "x" }) as Error);
    }
  });
});
