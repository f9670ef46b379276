import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { combinedCrc } from "../../../src/archive/content/crc-combine.ts";

it("gives the CRC-32 of two runs of bytes joined", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (first, second) => {
      const joined = crc32(Buffer.concat([first, second]));
      expect(combinedCrc(crc32(first), crc32(second), second.length)).toBe(joined);
    }),
  );
});

it("holds for runs beyond 4 GiB", () => {
  // A run of zeros of 2^33 + 5 bytes, made of halves by the same rule, against one made byte run by byte run.
  let zeros = crc32(Buffer.alloc(1));
  let length = 1;
  for (let doubled = 0; doubled < 33; doubled++) {
    zeros = combinedCrc(zeros, zeros, length);
    length *= 2;
  }
  const tail = Buffer.from("tail!");
  const whole = combinedCrc(zeros, crc32(tail), tail.length);
  expect(whole).toBe(crc32(tail, zeros));
  const head = crc32(Buffer.from("head"));
  const once = combinedCrc(head, whole, length + tail.length);
  const twice = combinedCrc(combinedCrc(head, zeros, length), crc32(tail), tail.length);
  expect(once).toBe(twice);
});
