import type { StreamResponse } from "./stream-response.ts";

type Chunks = AsyncIterable<unknown>;

const isChunks = (body: unknown): body is Chunks =>
  typeof body === "object" && body !== null && Symbol.asyncIterator in body;

const paced = async function* (body: Chunks, response: StreamResponse, onTaken: () => void): AsyncGenerator<unknown> {
  for await (const chunk of body) {
    await response.drained();
    if (response.isGone) return;
    onTaken();
    yield chunk;
  }
};

/**
 * A handler's result whose body is read no faster than the client takes it, and no longer than the client stays. The
 * library writes without looking, so a large download to a slow client would otherwise pile up in memory. `onTaken` is
 * called whenever the client has taken enough for the next chunk.
 */
export const pacedResult = (result: object, response: StreamResponse, onTaken: () => void): object => {
  if (!("body" in result) || !isChunks(result.body)) return result;
  const chunks = paced(result.body, response, onTaken);
  // The library's own response class has a body that only `values()` is called of; it must stay that class.
  if ("arrayBuffer" in result) return Object.defineProperty(result, "body", { value: { values: () => chunks } });
  return Object.create(result, { body: { value: chunks, enumerable: true } });
};
