import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CentralEncoder } from "../../../src/archive/records/central-encoder.ts";
import { storedCrcBehindHead } from "../../../src/archive/threads/copied-head.ts";
import { noOwnerNames } from "../../../src/archive/records/directory-entry.ts";
import { encodeLocalHeader } from "../../../src/archive/records/local-header.ts";
import { directoryEntry } from "../entries.ts";

/** With names of owners, as the first records of a shard have them. */
const owners = noOwnerNames();
for (let id = 0; id < 40; id++) owners.users.set(id, `user ${id}`);

describe("the header of an entry that is copied", () => {
  it("is what its directory record makes of it, and the record tells the checksum of what is stored", () => {
    fc.assert(
      fc.property(directoryEntry, fc.nat(100), fc.nat(100), (entry, before, behind) => {
        const record = new CentralEncoder(owners).encode(entry);
        const records = Buffer.concat([Buffer.alloc(before, 7), record, Buffer.alloc(behind, 7)]);
        const at = { from: before, to: before + record.length };
        const stretch = Buffer.concat([encodeLocalHeader(entry), Buffer.alloc(behind, 1)]);
        expect(storedCrcBehindHead(records, at, stretch)).toBe(entry.storedCrc);
      }),
    );
  });

  it("is refused with any one bit of it flipped, or cut short", () => {
    fc.assert(
      fc.property(directoryEntry, fc.nat(), (entry, bit) => {
        const record = new CentralEncoder(owners).encode(entry);
        const head = encodeLocalHeader(entry);
        const flipped = bit % (8 * head.length);
        const byte = Math.floor(flipped / 8);
        const damaged = Buffer.from(head);
        damaged[byte] = (damaged[byte] ?? 0) ^ (1 << (flipped % 8));
        const at = { from: 0, to: record.length };
        expect(storedCrcBehindHead(record, at, damaged)).toBeUndefined();
        expect(storedCrcBehindHead(record, at, head.subarray(0, byte))).toBeUndefined();
      }),
    );
  });
});
