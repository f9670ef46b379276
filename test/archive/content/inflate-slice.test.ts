import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deflateEnd, sliceRoom, storeSlice } from "../../../src/archive/content/deflate-content.ts";
import { inflateSlice } from "../../../src/archive/content/inflate-slice.ts";
import { lines, noise, withEndsInside } from "../../support/contents.ts";

const stored = (content: Buffer): Buffer => {
  const into = Buffer.alloc(sliceRoom(content.length));
  return into.subarray(0, storeSlice(content, 4, into));
};

const inflate = (
  bytes: Buffer,
  length: number,
): { readonly content: Buffer; readonly storedBytes: number } | undefined => {
  const slice = inflateSlice((wanted) => bytes.subarray(0, Math.min(bytes.length, wanted)), length);
  return slice && { content: Buffer.concat(slice.parts), storedBytes: slice.storedBytes };
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

  it("takes what lies inside by chance for no end", () => {
    const content = withEndsInside(2, 4_000_000);
    const slice = stored(content);
    expect(slice.indexOf(Buffer.from("0000ffff", "hex"))).toBeLessThan(slice.length - 100_000);
    const found = inflate(Buffer.concat([slice, randomBytes(1000)]), content.length);
    expect(found?.storedBytes).toBe(slice.length);
    expect(found?.content.equals(content)).toBe(true);
  });

  it("gives up where there are many, where it is cut off, and on what is no slice", () => {
    const many = withEndsInside(5, 4_000_000);
    expect(inflate(stored(many), many.length)).toBeUndefined();
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
