import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArchiveInvalid } from "../../../src/archive/archive-invalid.ts";
import { DirectoryColumns } from "../../../src/archive/directory/directory-columns.ts";
import { decodeDirectory, DirectoryDecoder } from "../../../src/archive/directory/directory-decoder.ts";
import type { DirectoryEntry } from "../../../src/archive/records/directory-entry.ts";
import { directoryEntry } from "../entries.ts";

const entries = fc.uniqueArray(directoryEntry, { selector: (entry) => entry.name, maxLength: 40 });
const columnsOf = (rows: readonly DirectoryEntry[]): DirectoryColumns => {
  const columns = new DirectoryColumns();
  for (const row of rows) columns.append(row);
  return columns;
};
const plain = (entry: DirectoryEntry | undefined) =>
  entry && { ...entry, hash: entry.hash && Buffer.from(entry.hash).toString("hex"), generalFlags: 0 };
const rowsOf = (columns: DirectoryColumns) => Array.from({ length: columns.length }, (_, at) => plain(columns.at(at)));

describe("a directory as columns", () => {
  it("gives back what was appended, in that order", () => {
    fc.assert(
      fc.property(entries, (rows) => {
        expect(rowsOf(columnsOf(rows))).toEqual(rows.map(plain));
      }),
    );
  });

  it("sorts by the raw bytes of the names and finds each name, and no other", () => {
    fc.assert(
      fc.property(entries, directoryEntry, (rows, other) => {
        const columns = columnsOf(rows);
        columns.sort();
        const sorted = rows.toSorted((a, b) =>
          Buffer.compare(Buffer.from(a.name, "latin1"), Buffer.from(b.name, "latin1")),
        );
        expect(rowsOf(columns)).toEqual(sorted.map(plain));
        for (const [place, row] of sorted.entries()) expect(columns.find(row.name)).toBe(place);
        if (!rows.some((row) => row.name === other.name)) expect(columns.find(other.name)).toBe(-1);
      }),
    );
  });

  it("decodes from pieces of any size", () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 300 }), (rows, pieceBytes) => {
        const bytes = Buffer.concat([...columnsOf(rows).encode()]);
        const decoder = new DirectoryDecoder();
        for (let at = 0; at < bytes.length; at += pieceBytes) decoder.push(bytes.subarray(at, at + pieceBytes));
        expect(rowsOf(decoder.finish())).toEqual(rows.map(plain));
      }),
    );
  });

  it("keeps owner names", () => {
    const [entry] = fc.sample(directoryEntry, { numRuns: 1, seed: 5 });
    if (!entry) throw new Error("no sample");
    const columns = columnsOf([{ ...entry, uid: 7, gid: 8 }]);
    columns.owners.users.set(7, "seven");
    expect(decodeDirectory(columns.encode()).owners.users.get(7)).toBe("seven");
  });

  it("refuses a directory that ends within a record", () => {
    const [entry] = fc.sample(directoryEntry, { numRuns: 1, seed: 6 });
    if (!entry) throw new Error("no sample");
    const [bytes] = columnsOf([entry]).encode();
    expect(() => decodeDirectory([bytes?.subarray(0, -1) ?? Buffer.of()])).toThrow(ArchiveInvalid);
  });

  it("holds more entries than one slab and the longest paths", () => {
    const [entry] = fc.sample(directoryEntry, { numRuns: 1, seed: 7 });
    if (!entry) throw new Error("no sample");
    const columns = new DirectoryColumns();
    // The cast is safe: digits are a byte path.
    const nameOf = (row: number) => `${"d/".repeat(row % 997)}${row}` as DirectoryEntry["name"];
    for (let row = 0; row < 40_000; row++) columns.append({ ...entry, name: nameOf(row), offset: row });
    columns.append({ ...entry, name: "p".repeat(65_535) as DirectoryEntry["name"] });
    columns.sort();
    for (let row = 0; row < 40_000; row += 911) expect(columns.at(columns.find(nameOf(row))).offset).toBe(row);
    for (let place = 1; place < columns.length; place++) expect(columns.compareNames(place - 1, place)).toBe(-1);
  });
});
