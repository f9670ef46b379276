import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import type { ListedEntry } from "../../../src/domain/listing.ts";
import { ArchiveInvalid } from "../../../src/archive/archive-invalid.ts";
import { listedName, ListingColumns } from "../../../src/archive/listing/listing-columns.ts";
import { decodeListing, encodeListing } from "../../../src/archive/listing/listing-encoding.ts";
import { listedEntry } from "../entries.ts";

const listingOf = (rows: readonly ListedEntry[]): ListingColumns => {
  const listing = new ListingColumns();
  for (const row of rows) listing.append(row);
  listing.sort();
  return listing;
};
const rowsOf = (listing: ListingColumns): ListedEntry[] =>
  Array.from({ length: listing.length }, (_, place) => listing.at(place));
const file = (path: string): ListedEntry => ({
  path: pathFromText(path),
  kind: "file",
  sizeBytes: 1,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
});

describe("a listing as columns", () => {
  it("gives back what it was told, sorted by raw bytes, each name once", () => {
    fc.assert(
      fc.property(fc.array(listedEntry, { maxLength: 60 }), (rows) => {
        const byName = new Map(rows.toReversed().map((row) => [listedName(row), row]));
        const names = [...byName.keys()].toSorted((a, b) => (a < b ? -1 : 1));
        expect(rowsOf(listingOf(rows))).toEqual(names.map((name) => byName.get(name)));
      }),
    );
  });

  it("puts a directory right before what is in it", () => {
    const rows = [file("a/x"), file("a-b"), { ...file("a"), kind: "directory" as const, sizeBytes: 0 }, file("a.txt")];
    const listing = listingOf(rows);
    expect(rowsOf(listing).map((row) => row.path)).toEqual(["a-b", "a.txt", "a", "a/x"]);
    expect(listing.find(pathFromText("a/"))).toBe(2);
    expect(listing.find(pathFromText("a"))).toBe(-1);
  });

  it("goes through scratch in slices, whole or in part", () => {
    fc.assert(
      fc.property(fc.array(listedEntry, { maxLength: 60 }), fc.nat(), fc.nat(), (rows, a, b) => {
        const listing = listingOf(rows);
        const [from = 0, to = 0] = [a % (listing.length + 1), b % (listing.length + 1)].toSorted((x, y) => x - y);
        expect(rowsOf(decodeListing(encodeListing(listing, from, to)))).toEqual(rowsOf(listing).slice(from, to));
      }),
    );
  });

  it("goes through scratch with more rows than one slice holds, and owner names", () => {
    const rows = Array.from({ length: 20_000 }, (_, row) => file(`f${String(row).padStart(6, "0")}`));
    const listing = listingOf([{ ...file("a"), owner: "root", group: "wheel" }, ...rows]);
    const slices = [...encodeListing(listing)];
    expect(slices.length).toBe(3);
    expect(rowsOf(decodeListing(slices))).toEqual(rowsOf(listing));
    expect(decodeListing(slices).at(5)).toMatchObject({ owner: "root", group: "wheel" });
  });

  it("refuses a slice that was cut off", () => {
    const [slice] = encodeListing(listingOf([file("a"), file("b")]));
    expect(() => decodeListing([slice?.subarray(0, -1) ?? Buffer.of()])).toThrow(ArchiveInvalid);
  });
});
