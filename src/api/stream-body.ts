import type { RouteCall } from "./handle.ts";

/**
 * A body that is produced while it is sent. Its first piece is awaited, so that what fails at once is told as an error;
 * what fails later throws into the host, which cuts the connection: a body that broke off must not look whole.
 */
export const streamBody = async (
  call: RouteCall,
  content: AsyncIterable<Uint8Array>,
): Promise<AsyncGenerator<Uint8Array>> => {
  const pieces = content[Symbol.asyncIterator]();
  const first = await pieces.next();
  return (async function* () {
    try {
      for (let piece = first; piece.done !== true; piece = await pieces.next()) yield piece.value;
    } catch (error) {
      call.log.error("answer broke off", { requestId: call.requestId, path: call.request.url.pathname, error });
      throw error;
    } finally {
      await pieces.return?.();
    }
  })();
};
