import { describe, expect, it } from "vitest";
import type { RouteCall } from "../../src/api/handle.ts";
import { streamBody } from "../../src/api/stream-body.ts";

const logged: string[] = [];
const call = {
  requestId: "r",
  request: { url: new URL("http://host/files") },
  log: { error: (event: string) => void logged.push(event) },
  // Safe: a body is told nothing else of its call.
} as unknown as RouteCall;

const made = (pieces: readonly (string | Error)[], ended: () => void = () => undefined) =>
  (async function* () {
    try {
      for (const piece of pieces) {
        if (piece instanceof Error) throw piece;
        yield Buffer.from(piece);
      }
    } finally {
      ended();
    }
  })();

const sent = async (body: AsyncIterable<Uint8Array>): Promise<{ readonly text: string; readonly error?: unknown }> => {
  let text = "";
  try {
    for await (const piece of body) text += Buffer.from(piece).toString();
    return { text };
  } catch (error) {
    return { text, error };
  }
};

describe("a body that is produced while it is sent", () => {
  it("is what was produced", async () => {
    expect(await sent(await streamBody(call, made(["a", "b", "c"])))).toEqual({ text: "abc" });
    expect(await sent(await streamBody(call, made([])))).toEqual({ text: "" });
  });

  it("fails before anything is answered when its beginning fails", async () => {
    await expect(streamBody(call, made([new Error("first")]))).rejects.toThrow("first");
  });

  it("is never sent to its end when a fault shows behind the last byte", async () => {
    const { text, error } = await sent(await streamBody(call, made(["a", "b", new Error("checksum")])));
    expect({ text, error: String(error) }).toEqual({ text: "a", error: "Error: checksum" });
    expect(logged).toEqual(["answer broke off"]);
  });

  it("ends the production when nobody wants more of it", async () => {
    let ended = false;
    const body = await streamBody(
      call,
      made(["a", "b", "c"], () => (ended = true)),
    );
    for await (const _ of body) break;
    expect(ended).toBe(true);
  });
});
