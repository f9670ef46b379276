import type { IncomingMessage } from "node:http";

/** Where the real host stops too (with an empty 500). */
export const defaultBodyLimitBytes = 104_857_600;

/** Whether a request announces a body above the limit. */
export const announcesTooMuch = (request: IncomingMessage, limitBytes: number): boolean =>
  Number(request.headers["content-length"] ?? 0) > limitBytes;

/** A body that turned out larger than the limit. */
class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/**
 * The body, read from the socket only as fast as it is consumed. Past the limit `onTooLarge` is called and the reader
 * gets a BodyTooLarge. Leaving off early does not close the connection.
 */
export const limitedBody = async function* (
  request: IncomingMessage,
  limitBytes: number,
  onTooLarge: () => void,
): AsyncGenerator<Buffer> {
  let received = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) throw new Error("The body of a request has another encoding than bytes.");
    received += chunk.length;
    if (received > limitBytes) {
      onTooLarge();
      throw new BodyTooLarge(`The body is larger than ${limitBytes} bytes.`);
    }
    yield chunk;
  }
};
