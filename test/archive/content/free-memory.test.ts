import { describe, expect, it } from "vitest";
import { createInflateRaw, deflateRawSync } from "node:zlib";
import { freeMemory, freeResult, leastOwned, lent } from "../../../src/archive/content/free-memory.ts";
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

  it("is that of pieces which were lent, as soon as the next is asked for", async () => {
    const megabytes = Array.from({ length: 5 }, (_, number) => new Uint8Array(2 ** 20).fill(number));
    const seen: number[] = [];
    for await (const piece of lent(iterated(megabytes))) {
      seen.push(piece[0] ?? -1, piece.length);
      expect(megabytes.filter(({ length }) => length > 0)).toHaveLength(5 - (piece[0] ?? 0));
    }
    expect(seen).toEqual([0, 1, 2, 3, 4].flatMap((number) => [number, 2 ** 20]));
  });

  it("is not that of a piece behind which others lie", async () => {
    const memory = new Uint8Array(2 ** 20).fill(1);
    for await (const _ of lent(iterated([memory.subarray(0, 2 ** 19)]))) expect(memory).toHaveLength(2 ** 20);
    expect(memory[2 ** 20 - 1]).toBe(1);
  });

  it("is that of a stream of zlib, which fills the same several times and never again once it was full", async () => {
    const content = noise(8 * 2 ** 20);
    const stream = createInflateRaw({ chunkSize: 256 * 1024 });
    const stored = deflateRawSync(content, { level: 1 });
    // Odd lengths, so that outputs end anywhere in their memory.
    for (let at = 0; at < stored.length; at += 99_991) stream.write(stored.subarray(at, at + 99_991));
    stream.end();
    const found: Buffer[] = [];
    const memories = new Set<ArrayBufferLike>();
    for await (const piece of lent(stream)) {
      memories.add(piece.buffer);
      found.push(Buffer.from(piece));
    }
    expect(Buffer.concat(found).equals(content)).toBe(true);
    expect(memories.size).toBeGreaterThan(16);
    expect([...memories].filter(({ byteLength }) => byteLength > 0).length).toBeLessThanOrEqual(1);
  });
});

async function* iterated(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
