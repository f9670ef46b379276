import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deflateEnd, sliceRoom, storeSlice } from "../../../src/archive/content/deflate-content.ts";
import { findSliceEnd, inflateSlice } from "../../../src/archive/content/inflate-slice.ts";
import { lines, noise, withEndsInside } from "../../support/contents.ts";

const stored = (content: Buffer): Buffer => {
  const into = Buffer.alloc(sliceRoom(content.length));
  return into.subarray(0, storeSlice(content, 4, into));
};

/** The slice of so much content at the beginning of `bytes`, and how long it is there. */
const inflate = (
  bytes: Buffer,
  length: number,
): { readonly content: Buffer; readonly storedBytes: number } | undefined => {
  const end = findSliceEnd((position, count) => bytes.subarray(position, position + count), 0, length);
  const parts = end === undefined || end > bytes.length ? undefined : inflateSlice(bytes.subarray(0, end), length);
  return parts && { content: Buffer.concat(parts), storedBytes: end ?? 0 };
};

describe("inflating a slice of a stream", () => {
  it("finds where it ends, whatever it holds and whatever follows", () => {
    const content = fc.oneof(
      fc.integer({ min: 1, max: 3_000_000 }).map(lines),
      fc.integer({ min: 1, max: 300_000 }).map((length) => noise(length)),
      fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(content, content, fc.boolean(), (one, next, isLast) => {
        const slice = stored(one);
        const found = inflate(Buffer.concat([slice, isLast ? deflateEnd : stored(next)]), one.length);
        expect(found?.storedBytes).toBe(slice.length);
        expect(found?.content.equals(one)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("finds an end that lies across two reads", () => {
    const end = stored(lines(500)).subarray(-10);
    for (let shift = -5; shift <= 5; shift++) {
      // No byte of it is zero, as the end's are.
      const before = noise(2 ** 20 - end.length + shift).map((byte) => byte | 1);
      const bytes = Buffer.concat([before, end]);
      const at = findSliceEnd((position, count) => bytes.subarray(position, position + count), 0, 8 * 2 ** 20);
      expect(at).toBe(bytes.length);
    }
  });

  it("gives up on what looks like an end inside, on what is cut off, and on what is no slice", () => {
    const odd = withEndsInside(1, 4_000_000);
    expect(inflate(stored(odd), odd.length)).toBeUndefined();
    expect(inflateSlice(stored(odd), odd.length)?.map(({ length }) => length)).toEqual([odd.length]);
    for (const content of [lines(500_000), noise(500_000)]) {
      const slice = stored(content);
      expect(inflate(slice.subarray(0, -1), content.length)).toBeUndefined();
      expect(inflate(slice, content.length - 1)).toBeUndefined();
      expect(inflate(slice, content.length + 1)).toBeUndefined();
    }
    expect(inflate(noise(100_000), 200_000)).toBeUndefined();
    expect(inflate(Buffer.alloc(0), 10)).toBeUndefined();
  });
});
