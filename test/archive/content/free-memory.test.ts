import { describe, expect, it } from "vitest";
import { deflateRawSync } from "node:zlib";
import { freeMemory, freeResult, leastOwned } from "../../../src/archive/content/free-memory.ts";
import { noise } from "../../support/contents.ts";

const held = (): number => process.memoryUsage().arrayBuffers;

describe("memory that is given back", () => {
  it("is free at once, before anything is collected", () => {
    const megabytes = Array.from({ length: 20 }, () => new ArrayBuffer(2 ** 20));
    const before = held();
    for (const memory of megabytes) freeMemory(memory);
    expect(before - held()).toBeGreaterThanOrEqual(20 * 2 ** 20);
    expect(megabytes.map(({ byteLength }) => byteLength)).toEqual(megabytes.map(() => 0));
  });

  it("is that of zlib's long results, never what short ones share with others", () => {
    const long = deflateRawSync(noise(2 * leastOwned), { chunkSize: 2 * leastOwned });
    const short = deflateRawSync(noise(100), { chunkSize: 64 });
    const kept = Buffer.from(short);
    freeResult(long);
    freeResult(short);
    expect(long).toHaveLength(0);
    expect(short).toEqual(kept);
  });
});
