import { describe, expect, it } from "vitest";
import type { ArchiveInvalidCode } from "../../../src/archive/archive-invalid.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { readEntry, readTarget } from "../../../src/archive/read/read-entry.ts";
import { rawZip, type RawEntry, type RawZipOptions } from "../../support/raw-zip.ts";
import { memorySource } from "../../support/memory-source.ts";

const open = (zip: Buffer) => openArchive(memorySource("test.zip", zip));

const contents = async (zip: Buffer): Promise<Record<string, string>> => {
  const archive = await open(zip);
  const found: Record<string, string> = {};
  for (let place = 0; place < archive.directory.length; place++) {
    const parts: Uint8Array[] = [];
    for await (const piece of readEntry(archive, place)) parts.push(piece);
    found[Buffer.from(archive.directory.name(place), "latin1").toString()] = Buffer.concat(parts).toString();
  }
  return found;
};

const three: readonly RawEntry[] = [
  { name: "b/", method: 0 },
  { name: "b/ü.txt", content: "second ".repeat(1000) },
  { name: "a.txt", content: "first", method: 0 },
];
const threeContents = { "a.txt": "first", "b/": "", "b/ü.txt": "second ".repeat(1000) };

describe("archives of other tools", () => {
  it.each<[string, readonly RawEntry[], RawZipOptions]>([
    ["in any order", three, {}],
    ["with a comment", three, { comment: "hello" }],
    ["with bytes before the archive", three, { prefix: Buffer.from("#!/bin/sh\nexit\n") }],
    ["with a ZIP64 end record", three, { zip64End: true }],
    ["with a ZIP64 end record behind a prefix", three, { zip64End: true, prefix: Buffer.alloc(100) }],
    ["with ZIP64 fields in every entry", three.map((entry) => ({ ...entry, zip64: true })), {}],
    ["with data descriptors", three.map((entry) => ({ ...entry, descriptor: "signed" })), {}],
    ["with data descriptors without signature", three.map((entry) => ({ ...entry, descriptor: "plain" })), {}],
    ["with ZIP64 data descriptors", three.map((entry) => ({ ...entry, descriptor: "signed", zip64: true })), {}],
    ["without the UTF-8 flag", three.map((entry) => ({ ...entry, flags: 0 })), {}],
    ["with gaps between entries", three.map((entry) => ({ ...entry, before: Buffer.alloc(50) })), {}],
    ["with long local extra fields", three.map((entry) => ({ ...entry, localExtra: longExtra() })), {}],
    ["with ./ before every name", three.map((entry) => ({ ...entry, name: `./${String(entry.name)}` })), {}],
    ["with an entry for the root", [{ name: "./", method: 0 }, ...three], {}],
  ])("are read %s", async (_what, entries, options) => {
    expect(await contents(rawZip(entries, options))).toEqual(threeContents);
  });

  const windows: readonly RawEntry[] = [
    { name: "b\\", method: 0, system: 0 },
    { name: "b\\ü.txt", content: "second ".repeat(1000), system: 0 },
    { name: "a.txt", content: "first", method: 0, system: 0 },
  ];

  it.each([0, 10, 11, 14])("are read with the backslashes of Windows (system %i)", async (system) => {
    expect(await contents(rawZip(windows.map((entry) => ({ ...entry, system }))))).toEqual(threeContents);
  });

  it("keep backslashes that are part of a name: from other systems, or beside a slash", async () => {
    expect(Object.keys(await contents(rawZip([{ name: "a\\b", system: 3 }])))).toEqual(["a\\b"]);
    expect(Object.keys(await contents(rawZip([{ name: "a/b\\c", system: 0 }])))).toEqual(["a/b\\c"]);
  });

  it("never lead out of the folder by backslashes", async () => {
    for (const name of ["..\\x", "a\\..\\..\\x", "\\x", "a\\\\b"])
      await expect(open(rawZip([{ name, system: 0 }]))).rejects.toMatchObject({ code: "BadName" });
  });

  const ntfsTimes = (ticks: bigint): Buffer => {
    const field = Buffer.alloc(36);
    [0x000a, 32, 0, 0, 1, 24].forEach((value, index) => field.writeUInt16LE(value, index * 2));
    for (const at of [12, 20, 28]) field.writeBigUInt64LE(ticks, at);
    return field;
  };

  it.each([
    ["to 100 ns", 133_444_555_666_777_889n, 1_699_981_966_677_788_900n],
    ["not told", 0n, 315_532_800_000_000_000n],
    ["beyond what nanoseconds can hold", 2n ** 63n - 1n, 315_532_800_000_000_000n],
  ])("tell times as Windows does: %s", async (_what, ticks, mtimeNs) => {
    const archive = await open(rawZip([{ name: "a", centralExtra: ntfsTimes(ticks) }]));
    expect(archive.directory.at(0).mtimeNs).toBe(mtimeNs);
  });

  it("are read with zeros behind them, as bsdtar pads them", async () => {
    for (const options of [{}, { comment: "hello" }, { zip64End: true }])
      expect(await contents(Buffer.concat([rawZip(three, options), Buffer.alloc(5000)]))).toEqual(threeContents);
    await expect(open(Buffer.concat([rawZip(three), Buffer.from("\0\0x")]))).rejects.toMatchObject({
      code: "NoEndRecord",
    });
  });

  it("tell a file that zip read from a pipe", async () => {
    const archive = await open(rawZip([{ name: "-", content: "dumped", mode: 0o010600 }]));
    expect(archive.directory.at(0)).toMatchObject({ kind: "file", mode: 0o600 });
  });

  it("are refused where a folder has content, which would be lost without a word", async () => {
    await expect(open(rawZip([{ name: "a/", content: "hidden" }]))).rejects.toMatchObject({ code: "BadRecord" });
  });

  it("may be empty", async () => {
    expect(await contents(rawZip([]))).toEqual({});
  });

  it("tell links by their unix mode", async () => {
    const archive = await open(rawZip([{ name: "link", content: "../x", method: 0, mode: 0o120777 }]));
    expect(archive.directory.at(0).kind).toBe("link");
    expect(await readTarget(archive, 0)).toBe("../x");
  });

  it("are listed though entries are encrypted or compressed otherwise; only those are refused", async () => {
    const zip = rawZip([
      { name: "encrypted", content: "x", flags: 1 },
      { name: "bzip2", content: "x", method: 12 },
      { name: "plain", content: "x" },
    ]);
    const archive = await open(zip);
    const read = async (place: number) => {
      for await (const piece of readEntry(archive, place)) return Buffer.from(piece).toString();
      return "";
    };
    await expect(read(0)).rejects.toMatchObject({ code: "UnsupportedMethod", entry: "bzip2" });
    await expect(read(1)).rejects.toMatchObject({ code: "Encrypted", entry: "encrypted" });
    expect(await read(2)).toBe("x");
  });
});

const longExtra = (): Buffer => {
  const field = Buffer.alloc(4 + 40_000);
  field.writeUInt16LE(0x9999, 0);
  field.writeUInt16LE(40_000, 2);
  return field;
};

const file = (name: string, content = "content"): RawEntry => ({ name, content });

describe("openArchive", () => {
  it.each<[string, Buffer, ArchiveInvalidCode]>([
    ["an empty file", Buffer.alloc(0), "NoEndRecord"],
    ["text", Buffer.from("no zip at all, but longer than an end record is"), "NoEndRecord"],
    ["a zip cut short", rawZip([file("a")]).subarray(0, -1), "NoEndRecord"],
    ["only the end of a zip", rawZip([file("a")]).subarray(-30), "BadOffset"],
    ["too small a count", rawZip([file("a"), file("b")], { count: 1 }), "BadCount"],
    ["too large a count", rawZip([file("a")], { count: 2 }), "BadCount"],
    ["a name with ..", rawZip([file("a/../../b")]), "BadName"],
    ["an absolute name", rawZip([file("/etc/passwd")]), "BadName"],
    ["an empty name", rawZip([file("")]), "BadName"],
    ["a NUL in a name", rawZip([file("a\0b")]), "BadName"],
    ["an empty segment", rawZip([file("a//b")]), "BadName"],
    ["two entries of one name", rawZip([file("a"), file("b"), file("a")]), "Duplicate"],
    ["two entries of one name but for ./", rawZip([file("a"), file("./a")]), "Duplicate"],
    ["a file and a folder of one name", rawZip([file("a"), { name: "a/", method: 0 }]), "BelowFile"],
    ["an entry below a file", rawZip([file("a"), file("a-b"), file("a/b")]), "BelowFile"],
    [
      "an entry below a link",
      rawZip([{ name: "up", content: "..", method: 0, mode: 0o120777 }, file("up/x")]),
      "BelowFile",
    ],
    ["two entries on the same bytes", rawZip([file("a"), { ...file("b"), offset: 0 }]), "Overlap"],
    ["an entry within another", rawZip([file("a", "x".repeat(500)), { ...file("b"), offset: 10 }]), "Overlap"],
    ["an entry behind the end", rawZip([{ ...file("a"), offset: 100_000 }]), "BadOffset"],
    ["an entry that runs into the directory", rawZip([{ ...file("a"), storedBytes: 5000 }]), "BadOffset"],
    ["a stored entry with two sizes", rawZip([{ ...file("a"), method: 0, sizeBytes: 3 }]), "SizeMismatch"],
    ["a size that deflate cannot reach", rawZip([{ ...file("a"), sizeBytes: 10_000_000 }]), "Bomb"],
    [
      "a link with an endless target",
      rawZip([{ name: "l", content: "x".repeat(70_000), mode: 0o120777 }]),
      "BadRecord",
    ],
  ])("refuses %s", async (_what, zip, code) => {
    await expect(open(zip)).rejects.toMatchObject({ name: "ArchiveInvalid", code });
  });

  it("accepts names that share beginnings without lying below one another", async () => {
    const zip = rawZip([file("a"), file("a-b/c"), file("a.b"), file("ab/a"), file("ab/aa"), file("b/a/a")]);
    expect((await open(zip)).directory.length).toBe(6);
  });

  it("keeps within the limits of its caller", async () => {
    const source = memorySource("test.zip", rawZip([file("a"), file("b")]));
    await expect(openArchive(source, { limits: { maxEntries: 1 } })).rejects.toMatchObject({ code: "TooLarge" });
    await expect(openArchive(source, { limits: { maxDirectoryBytes: 90 } })).rejects.toMatchObject({
      code: "TooLarge",
    });
  });
});

describe("readEntry", () => {
  it.each<[string, RawEntry, ArchiveInvalidCode]>([
    ["another name in the local header", { ...file("a"), localName: "b" }, "HeaderMismatch"],
    ["too small a size", { ...file("a"), sizeBytes: 6 }, "Bomb"],
    ["too large a size", { ...file("a"), sizeBytes: 8 }, "SizeMismatch"],
    ["a wrong checksum", { ...file("a"), crc: 1 }, "CrcMismatch"],
    ["data that is no deflate", { ...file("a"), data: Buffer.alloc(20, 0xff) }, "Damaged"],
    ["data that ends early", { ...file("a", "x".repeat(99)), data: Buffer.from([0x4b]) }, "Damaged"],
  ])("refuses %s", async (_what, entry, code) => {
    await expect(contents(rawZip([entry]))).rejects.toMatchObject({ code, entry: "a" });
  });

  it("never gives more of a bomb than the entry says", async () => {
    const bomb = rawZip([{ ...file("a", "\0".repeat(50 * 2 ** 20)), sizeBytes: 3 * 2 ** 20 }]);
    const archive = await open(bomb);
    let given = 0;
    const reading = (async () => {
      for await (const piece of readEntry(archive, 0)) given += piece.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: "Bomb" });
    expect(given).toBeLessThanOrEqual(3 * 2 ** 20);
  });

  it("reads large entries piece by piece, and lets go when the reader stops", async () => {
    const content = Buffer.alloc(9 * 2 ** 20, "some text that repeats ");
    const archive = await open(rawZip([{ name: "large", content }]));
    const parts: Uint8Array[] = [];
    for await (const piece of readEntry(archive, 0)) parts.push(piece);
    expect(parts.length).toBeGreaterThan(10);
    expect(Buffer.concat(parts).equals(content)).toBe(true);
    for await (const piece of readEntry(archive, 0)) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
  });
});
