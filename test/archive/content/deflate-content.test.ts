import { inflateRawSync } from "node:zlib";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deflateEnd, sliceRoom, storeContent, storeSlice } from "../../../src/archive/content/deflate-content.ts";
import { lines } from "../../support/contents.ts";

const text = (length: number): Buffer =>
  Buffer.from("All work and no play. ".repeat(length / 22 + 1)).subarray(0, length);

const deflatedSlice = (content: Buffer, level: number): Buffer => {
  const into = Buffer.alloc(sliceRoom(content.length));
  return into.subarray(0, storeSlice(content, level, into));
};

const storedContent = (content: Buffer, level: number): { readonly method: number; readonly bytes: Buffer } => {
  const into = Buffer.alloc(content.length + 3);
  const { method, length } = storeContent(content, level, { into, at: 3 });
  return { method, bytes: into.subarray(3, 3 + length) };
};

describe("deflating", () => {
  it("makes slices that follow one another in one stream, whatever they hold", () => {
    const content = fc.oneof(
      fc.integer({ min: 1, max: 200_000 }).map(text),
      fc.integer({ min: 1, max: 200_000 }).map((length) => randomBytes(length)),
      fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(fc.array(content, { maxLength: 5 }), (slices) => {
        const stream = Buffer.concat([...slices.map((slice) => deflatedSlice(slice, 4)), deflateEnd]);
        expect(inflateRawSync(stream).equals(Buffer.concat(slices))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("costs next to nothing on what does not compress", () => {
    const noise = randomBytes(1_000_000);
    expect(deflatedSlice(noise, 4).length).toBeLessThan(1_000_100);
    const { method, bytes } = storedContent(noise, 4);
    expect(method).toBe(0);
    expect(bytes.equals(noise)).toBe(true);
  });

  it("stores whole files that would grow, and deflates the others", () => {
    expect(storedContent(Buffer.from("x"), 4).method).toBe(0);
    expect(storedContent(Buffer.alloc(0), 4).method).toBe(0);
    const { method, bytes } = storedContent(text(100_000), 4);
    expect(method).toBe(8);
    expect(inflateRawSync(bytes).equals(text(100_000))).toBe(true);
  });

  it("deflates what is text in the middle of noise", () => {
    const mixed = Buffer.concat([randomBytes(100_000), text(200_000), randomBytes(100_000)]);
    expect(storedContent(mixed, 4).method).toBe(8);
  });

  it("deflates text without asking first, in other alphabets after asking", () => {
    const letters = Buffer.from(randomBytes(60_000).toString("base64"));
    expect(storedContent(letters, 4).bytes.length).toBeLessThan(letters.length * 0.8);
    const cyrillic = Buffer.from("Съешь же ещё этих мягких французских булок. ".repeat(2_000));
    expect(storedContent(cyrillic, 4).bytes.length).toBeLessThan(cyrillic.length * 0.1);
  });

  it("gives the same bytes whatever was deflated before", () => {
    const contents = Array.from({ length: 300 }, (_, at) => lines(at * 331));
    const alone = contents.map((content) => storedContent(content, 6).bytes.toString("base64"));
    const backwards = contents.toReversed().map((content) => storedContent(content, 6).bytes.toString("base64"));
    expect(backwards.toReversed().filter((bytes, at) => bytes !== alone[at]).length).toBe(0);
  });
});
