import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCentralRecord } from "../../../src/archive/records/central-decoder.ts";
import { CentralEncoder } from "../../../src/archive/records/central-encoder.ts";
import { DirectoryColumns } from "../../../src/archive/directory/directory-columns.ts";
import { noOwnerNames, type DirectoryEntry } from "../../../src/archive/records/directory-entry.ts";
import { directoryEntry } from "../entries.ts";

/** Rows as most are: sizes of 32 bits, times of our days, ids and modes, names of ASCII. */
const plainEntry: fc.Arbitrary<DirectoryEntry> = fc
  .tuple(
    directoryEntry,
    fc.nat(0xffff_fffe),
    fc.nat(70_000),
    fc.bigInt(-(2n ** 61n), 2n ** 61n),
    fc.constantFrom(0n, 1n, 999_999_999n, 1_000_000_000n, 1_700_000_000_123_456_789n, -1n, -1_000_000_000n),
    fc.boolean(),
  )
  .map(([entry, size, id, mtimeNs, special, isSpecial]) => ({
    ...entry,
    sizeBytes: size,
    storedBytes: Math.floor(size / 2),
    offset: size,
    uid: id,
    gid: 70_000 - id,
    mtimeNs: isSpecial ? special : mtimeNs,
  }));
const anyEntry = fc.oneof(directoryEntry, plainEntry);
const plain = (entry: DirectoryEntry) => ({ ...entry, hash: entry.hash && Buffer.from(entry.hash).toString("hex") });

describe("records in columns", () => {
  it("are written as one by one, owners' names among them", () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyEntry, { selector: ({ name }) => name, maxLength: 30 }), (rows) => {
        const columns = new DirectoryColumns();
        for (const row of rows) columns.append(row);
        columns.owners.users.set(rows[0]?.uid ?? 5, "www-data");
        columns.owners.groups.set(rows[2]?.gid ?? 6, "staff");
        const encoder = new CentralEncoder(columns.owners);
        const expected = Buffer.concat(rows.map((row) => encoder.encode(row)));
        expect(Buffer.concat([...columns.encode()]).equals(expected)).toBe(true);
      }),
    );
  });

  it("are read as one by one", () => {
    let read = 0;
    fc.assert(
      fc.property(anyEntry, fc.nat(50), (entry, before) => {
        const record = new CentralEncoder(noOwnerNames()).encode(entry);
        const bytes = Buffer.concat([Buffer.alloc(before, 1), record]);
        const columns = new DirectoryColumns();
        if (!columns.appendRecord(bytes, { at: before, end: bytes.length }, 1000)) return;
        read++;
        const expected = decodeCentralRecord(record, 0, noOwnerNames());
        expect(plain(columns.at(0))).toEqual(plain({ ...expected, offset: expected.offset + 1000 }));
      }),
    );
    expect(read).toBeGreaterThan(10);
  });

  it("are never taken for plain when they are damaged, unless they say what the decoder reads in them", () => {
    fc.assert(
      fc.property(
        plainEntry,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (entry, flips) => {
          const record = new CentralEncoder(noOwnerNames()).encode(entry);
          for (const [at, value] of flips) record[at % record.length] = value;
          const columns = new DirectoryColumns();
          if (!columns.appendRecord(record, { at: 0, end: record.length })) return;
          expect(plain(columns.at(0))).toEqual(plain(decodeCentralRecord(record, 0, noOwnerNames())));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
