import fc from "fast-check";
import { pathFromBytes, type BytePath } from "../../src/domain/byte-path.ts";
import type { ListedEntry } from "../../src/domain/listing.ts";
import type { DirectoryEntry } from "../../src/archive/records/directory-entry.ts";

/** Arbitrary names of raw bytes, paths as they may occur, and rows of listings and directories. */
const segment = fc
  .oneof(
    fc.constantFrom("a", "A", "b", "a b", "Ä", "日本", "😀", "x.", "con", "a-", "a\\b", "-rf"),
    fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }),
  )
  .map((text) => Buffer.from(text.replaceAll(/[/\0]/g, "_"), "utf8"));
const rawSegment = fc
  .uint8Array({ min: 1, max: 255, minLength: 1, maxLength: 8 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x2f ? 0x30 : byte))));

export const bytePath: fc.Arbitrary<BytePath> = fc
  .array(fc.oneof({ weight: 4, arbitrary: segment }, rawSegment), { minLength: 1, maxLength: 5 })
  .map((segments) => segments.map((bytes) => (/^\.\.?$/.test(bytes.toString()) ? Buffer.from("dot") : bytes)))
  .map((segments) => pathFromBytes(Buffer.concat(segments.flatMap((bytes) => [Buffer.from("/"), bytes]).slice(1))));

const id = fc.oneof(fc.nat(0xffff), fc.integer({ min: 0, max: 0xffff_ffff }));
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const size = fc.oneof(fc.nat(10_000), fc.constantFrom(0, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 2 ** 50));
const timeNs = fc.oneof(
  fc.bigInt(0n, 4_000_000_000_000_000_000n),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.constantFrom(0n, -1n, 1_000_000_000n, 2_147_483_648_000_000_000n, -2_147_483_648_000_000_001n),
);

export const directoryEntry: fc.Arbitrary<DirectoryEntry> = fc
  .record({
    name: bytePath,
    kind: fc.constantFrom("file" as const, "directory" as const, "link" as const),
    method: fc.constantFrom(0, 8),
    crc: fc.integer({ min: 0, max: 0xffff_ffff }),
    sizeBytes: size,
    storedBytes: size,
    offset: size,
    mode: fc.nat(0o7777),
    ids: optional(fc.tuple(id, id)),
    mtimeNs: timeNs,
    ctimeNs: optional(timeNs),
    inode: optional(fc.bigInt(0n, 2n ** 64n - 1n)),
    hash: optional(fc.uint8Array({ minLength: 32, maxLength: 32 })),
    storedCrc: fc.integer({ min: 0, max: 0xffff_ffff }),
    changedWhileRead: fc.boolean(),
    mayHaveChanged: fc.boolean(),
  })
  .map(({ ids, ...entry }) => ({
    ...entry,
    // The cast is safe: a byte path with an ASCII character behind it is one.
    name: entry.kind === "directory" ? (`${entry.name}/` as BytePath) : entry.name,
    generalFlags: 0,
    uid: ids?.[0],
    gid: ids?.[1],
  }));

export const listedEntry: fc.Arbitrary<ListedEntry> = fc
  .record({
    path: bytePath,
    kind: fc.constantFrom("file" as const, "directory" as const, "link" as const),
    sizeBytes: fc.nat(100_000),
    mode: fc.nat(0o7777),
    uid: id,
    gid: id,
    mtimeNs: timeNs,
    ctimeNs: optional(timeNs),
    inode: optional(fc.bigInt(0n, 2n ** 64n - 1n)),
    target: bytePath,
  })
  .map(({ ctimeNs, inode, target, ...entry }) => ({
    ...entry,
    sizeBytes: entry.kind === "file" ? entry.sizeBytes : 0,
    ...(ctimeNs === undefined ? {} : { ctimeNs }),
    ...(inode === undefined ? {} : { inode }),
    ...(entry.kind === "link" ? { target } : {}),
  }));
