import { randomBytes } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deflaterOf, freshDeflater, reusedDeflater, type Deflater } from "../../src/archive/deflater.ts";
import { lines } from "../support/contents.ts";

const content = fc.oneof(
  fc.nat(100_000).map(lines),
  fc.nat(5_000).map((length) => randomBytes(length)),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
);
const end = fc.constantFrom("whole" as const, "slice" as const);

const reused = (level: number): Deflater => {
  const deflater = reusedDeflater(level);
  if (!deflater) throw new Error("Node's zlib streams are not as this expects them; the documented way is in use.");
  return deflater;
};

describe("a deflater that keeps zlib's state", () => {
  it("gives, one content after another, the bytes that a new state for each would give", () => {
    for (const level of [1, 4, 6, 9]) {
      const [kept, fresh] = [reused(level), freshDeflater(level)];
      fc.assert(
        fc.property(fc.array(fc.tuple(content, end, fc.nat(7)), { maxLength: 6 }), (contents) => {
          for (const [bytes, ending, at] of contents) {
            const [one, other] = [kept, fresh].map((deflater) => {
              const into = Buffer.alloc(at + bytes.length);
              const length = deflater.deflate(bytes, into, at, ending);
              return length === undefined ? undefined : into.subarray(at, at + length).toString("hex");
            });
            expect(one).toBe(other);
          }
        }),
        { numRuns: 30 },
      );
    }
  });

  it("goes on after content that does not fit", () => {
    const deflater = reused(6);
    const noise = randomBytes(50_000);
    expect(deflater.deflate(noise, Buffer.alloc(noise.length), 0, "whole")).toBeUndefined();
    const text = lines(50_000);
    const into = Buffer.alloc(text.length);
    const length = deflater.deflate(text, into, 0, "whole") ?? 0;
    expect(inflateRawSync(into.subarray(0, length)).equals(text)).toBe(true);
  });

  it("writes nothing beyond the room that the content's length is", () => {
    const noise = randomBytes(1_000);
    const into = Buffer.alloc(3_000, 7);
    deflaterOf(6).deflate(noise, into, 1_000, "whole");
    expect(into.subarray(0, 1_000).every((byte) => byte === 7)).toBe(true);
    expect(into.subarray(2_000).every((byte) => byte === 7)).toBe(true);
  });

  it("refuses to write where there is no room", () => {
    expect(() => reused(6).deflate(lines(100), Buffer.alloc(100), 1, "whole")).toThrow(RangeError);
  });
});
