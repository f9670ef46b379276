import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DirectoryColumns } from "../../../src/archive/directory/directory-columns.ts";
import type { DirectoryEntry } from "../../../src/archive/records/directory-entry.ts";
import { entryMeta, entryRow } from "../../../src/archive/listing/entry-row.ts";
import { ListingColumns } from "../../../src/archive/listing/listing-columns.ts";
import { isSameRow } from "../../../src/archive/directory/row-meta.ts";
import type { ListedEntry } from "../../../src/domain/listing.ts";
import { listedEntry } from "../entries.ts";

const rowOf = (listed: ListedEntry): DirectoryEntry =>
  entryRow(
    entryMeta(listed, 2n ** 62n),
    {
      method: 0,
      crc: 0,
      sizeBytes: listed.sizeBytes,
      storedBytes: listed.sizeBytes,
      hash: undefined,
      storedCrc: 0,
      changedWhileRead: false,
    },
    0,
  );

const isSame = (row: DirectoryEntry, listed: ListedEntry): boolean => {
  const directory = new DirectoryColumns();
  const listing = new ListingColumns();
  directory.append(row);
  listing.append(listed);
  return isSameRow(directory, 0, listing, 0);
};

const changes: readonly ((row: DirectoryEntry) => Partial<DirectoryEntry>)[] = [
  ({ mode = 0 }) => ({ mode: mode ^ 0o100 }),
  () => ({ mode: undefined }),
  ({ uid = 0 }) => ({ uid: (uid ^ 1) >>> 0 }),
  ({ gid = 0 }) => ({ gid: (gid ^ 0x1_0000) >>> 0 }),
  () => ({ uid: undefined, gid: undefined }),
  ({ mtimeNs }) => ({ mtimeNs: mtimeNs ^ 1n }),
  ({ mtimeNs }) => ({ mtimeNs: mtimeNs ^ (1n << 40n) }),
  ({ ctimeNs = 0n }) => ({ ctimeNs: ctimeNs ^ 1n }),
  ({ ctimeNs = 0n }) => ({ ctimeNs: ctimeNs ^ (1n << 50n) }),
  () => ({ ctimeNs: undefined }),
  ({ inode = 0n }) => ({ inode: inode ^ 1n }),
  ({ inode = 0n }) => ({ inode: inode ^ (1n << 33n) }),
  () => ({ inode: undefined }),
  ({ kind }) => ({ kind: kind === "file" ? "directory" : "file" }),
];

describe("a row of an archive and one of a listing", () => {
  it("are the same when all that both tell is, and ctime and inode are told", () => {
    fc.assert(
      fc.property(listedEntry, (listed) => {
        const isWhole = listed.ctimeNs !== undefined && listed.inode !== undefined;
        expect(isSame(rowOf(listed), listed)).toBe(isWhole);
      }),
    );
  });

  it.each(changes.map((change, at) => [at, change] as const))("differ in any one thing (%d)", (_at, change) => {
    fc.assert(
      fc.property(listedEntry, (listed) => {
        const row = rowOf(listed);
        expect(isSame({ ...row, ...change(row) }, listed)).toBe(false);
      }),
    );
  });
});
