import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArchiveInvalid } from "../../../src/archive/archive-invalid.ts";
import { decodeCentralRecord } from "../../../src/archive/records/central-decoder.ts";
import { CentralEncoder } from "../../../src/archive/records/central-encoder.ts";
import { noOwnerNames } from "../../../src/archive/records/directory-entry.ts";
import { dosDateTime, fromDosDateTime } from "../../../src/archive/records/dos-time.ts";
import {
  decodeZip64EndRecord,
  decodeZip64Locator,
  encodeEnd,
  findEndRecord,
  zip64EndRecordBytes,
} from "../../../src/archive/records/end-records.ts";
import { decodeLocalHeader, encodeLocalHeader, localHeaderExtent } from "../../../src/archive/records/local-header.ts";
import { directoryEntry } from "../entries.ts";

const onlyArchiveInvalid = (action: () => unknown): void => {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ArchiveInvalid)) throw error;
  }
};

describe("records of the zip", () => {
  it("a directory record says everything again when it is decoded", () => {
    fc.assert(
      fc.property(directoryEntry, (entry) => {
        const record = new CentralEncoder(noOwnerNames()).encode(entry);
        const { generalFlags, hash, ...decoded } = decodeCentralRecord(record, 0, noOwnerNames());
        const { generalFlags: _, hash: expectedHash, ...expected } = entry;
        expect(decoded).toEqual(expected);
        expect(hash && Buffer.from(hash)).toEqual(expectedHash && Buffer.from(expectedHash));
        expect([0, 0x800]).toContain(generalFlags);
      }),
    );
  });

  it("a local header says again what it holds", () => {
    fc.assert(
      fc.property(directoryEntry, (entry) => {
        const bytes = encodeLocalHeader(entry);
        expect(localHeaderExtent(bytes)).toBe(bytes.length);
        expect(decodeLocalHeader(bytes)).toMatchObject({
          name: entry.name,
          method: entry.method,
          crc: entry.crc,
          sizeBytes: entry.sizeBytes,
          storedBytes: entry.storedBytes,
          headerBytes: bytes.length,
        });
      }),
    );
  });

  it("writes ZIP64 only where a value does not fit", () => {
    fc.assert(
      fc.property(directoryEntry, (entry) => {
        const wide = [entry.sizeBytes, entry.storedBytes].some((value) => value >= 0xffff_ffff);
        expect(encodeLocalHeader(entry).length).toBe(39 + entry.name.length + (wide ? 20 : 0));
        const record = new CentralEncoder(noOwnerNames()).encode(entry);
        const anyWide = wide || entry.offset >= 0xffff_ffff;
        expect(record.readUInt16LE(46 + entry.name.length) === 1).toBe(anyWide);
      }),
    );
  });

  it("marks names as UTF-8 only when they are, and not when ASCII", () => {
    const entry = fc.sample(directoryEntry, { numRuns: 1, seed: 1 })[0];
    if (!entry) throw new Error("no sample");
    const flag = (bytes: string): number =>
      // The cast is safe: latin1 text is a byte path.
      decodeLocalHeader(encodeLocalHeader({ ...entry, name: bytes as typeof entry.name })).generalFlags;
    expect(flag("plain.txt")).toBe(0);
    expect(flag(Buffer.from("Ä😀").toString("latin1"))).toBe(0x800);
    expect(flag("\xc4\xff")).toBe(0);
  });

  it("writes an owner's name once, with the first entry that has the id", () => {
    const owners = { users: new Map([[1000, "shop"]]), groups: new Map([[33, "www-data"]]) };
    const entry = fc.sample(directoryEntry, { numRuns: 1, seed: 2 })[0];
    if (!entry) throw new Error("no sample");
    const encoder = new CentralEncoder(owners);
    const [first, second] = [1, 2].map(() => encoder.encode({ ...entry, uid: 1000, gid: 33 }));
    if (!first || !second) throw new Error("no records");
    const names = noOwnerNames();
    decodeCentralRecord(first, 0, names);
    expect(names).toEqual(owners);
    expect(first.length - second.length).toBe("shop".length + "www-data".length + 2);
  });

  it("never fails but by name, whatever is cut off or flipped", () => {
    fc.assert(
      fc.property(directoryEntry, fc.nat(), fc.nat(), fc.nat(255), (entry, cut, at, mask) => {
        for (const bytes of [new CentralEncoder(noOwnerNames()).encode(entry), encodeLocalHeader(entry)]) {
          const damaged = Buffer.from(bytes.subarray(0, cut % (bytes.length + 1)));
          if (damaged.length > 0)
            damaged.writeUInt8(damaged.readUInt8(at % damaged.length) ^ mask, at % damaged.length);
          onlyArchiveInvalid(() => decodeCentralRecord(damaged, 0, noOwnerNames()));
          onlyArchiveInvalid(() => decodeLocalHeader(damaged));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("finds the end of an archive again, with ZIP64 records only where needed", () => {
    const extent = fc.record({
      entries: fc.oneof(fc.nat(70_000), fc.constantFrom(65_534, 65_535, 2_000_000)),
      offset: fc.oneof(fc.nat(), fc.constantFrom(0xffff_fffe, 0xffff_ffff, 2 ** 45)),
      sizeBytes: fc.oneof(fc.nat(), fc.constantFrom(0xffff_fffe, 0xffff_ffff)),
    });
    fc.assert(
      fc.property(extent, (directory) => {
        const end = encodeEnd(directory);
        const found = findEndRecord(end);
        const wide =
          directory.entries >= 0xffff || directory.offset >= 0xffff_ffff || directory.sizeBytes >= 0xffff_ffff;
        expect(found?.saturated).toBe(wide);
        const read = wide ? decodeZip64EndRecord(end) : found;
        expect(read).toMatchObject(directory);
        const locator = wide ? decodeZip64Locator(end, zip64EndRecordBytes) : undefined;
        expect(locator).toBe(wide ? directory.offset + directory.sizeBytes : undefined);
      }),
    );
  });

  it("keeps DOS times to two seconds between 1980 and 2107 and clamps the others", () => {
    const [from, to] = [Date.UTC(1980, 0, 1) / 1000, Date.UTC(2108, 0, 1) / 1000 - 1];
    fc.assert(
      fc.property(fc.integer({ min: from, max: to }), (seconds) => {
        const { date, time } = dosDateTime(seconds);
        expect(fromDosDateTime(date, time)).toBe(seconds - (seconds % 2));
      }),
    );
    expect(fromDosDateTime(...pair(dosDateTime(0)))).toBe(from);
    expect(fromDosDateTime(...pair(dosDateTime(2 ** 40)))).toBe(to - 1);
  });
});

const pair = ({ date, time }: { date: number; time: number }): [number, number] => [date, time];
