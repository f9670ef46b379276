import { describe, expect, it, vi } from "vitest";
import { readBody } from "../../src/functions/read-body.ts";

const limits = { bytes: 10, withinMs: 20_000 };

async function* bodyOf(...parts: readonly (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts)
    if (typeof part === "string") yield Buffer.from(part);
    else throw part;
}

describe("a request's body", () => {
  it("is the text of all its parts, also where a character is in two of them", async () => {
    const [first, second] = [Buffer.from("é").subarray(0, 1), Buffer.from("é").subarray(1)];
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield first;
      yield second;
    };
    expect(await readBody(body(), limits)).toBe("é");
    expect(await readBody(bodyOf(), limits)).toBe("");
  });

  it("that is no UTF-8 is refused: a name or a password in it would become another one", async () => {
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"é"}', "latin1");
    };
    await expect(readBody(body(), limits)).rejects.toMatchObject({ code: "InvalidBody", message: /UTF-8/ });
  });

  it("may have as many bytes as it may have", async () => {
    expect(await readBody(bodyOf("12345", "67890"), limits)).toBe("1234567890");
    await expect(readBody(bodyOf("12345", "678901"), limits)).rejects.toMatchObject({ code: "BodyTooLarge" });
  });

  it("that breaks off is the caller's matter", async () => {
    const reading = readBody(bodyOf("123", new Error("aborted")), limits);
    await expect(reading).rejects.toMatchObject({ code: "BodyIncomplete", message: /broke off/ });
  });

  it("that never ends is waited for as long as it may take, and left alone then", async () => {
    let isLeft = false;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield Buffer.from(" ");
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        isLeft = true;
      }
    };
    const reading = readBody(endless(), { bytes: Infinity, withinMs: 30 });
    await expect(reading).rejects.toMatchObject({ code: "BodyIncomplete", message: /longer than 0\.03 seconds/ });
    await expect.poll(() => isLeft).toBe(true);
  });

  it("that goes on coming from somebody who cannot be told to stop is read no further", async () => {
    let read = 0;
    const deaf = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          read++;
          await new Promise((resolve) => setImmediate(resolve));
          return { value: Buffer.from(" "), done: false as const };
        },
      }),
    };
    await expect(readBody(deaf, { bytes: Infinity, withinMs: 30 })).rejects.toMatchObject({ code: "BodyIncomplete" });
    const then = read;
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(read - then).toBeLessThan(2);
  });

  it("is waited for in one place however many parts it has: nothing piles up at its time limit", async () => {
    const waits = vi.spyOn(Promise, "race");
    const parts = Array.from({ length: 1_000 }, () => "x");
    expect(await readBody(bodyOf(...parts), { bytes: 1_000, withinMs: 20_000 })).toHaveLength(1_000);
    expect(waits.mock.calls.length).toBeLessThan(2);
    waits.mockRestore();
  });

  it("of which nothing ever comes is left alone as well", async () => {
    const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
    await expect(readBody(silent, { bytes: 10, withinMs: 10 })).rejects.toMatchObject({ code: "BodyIncomplete" });
  });
});
