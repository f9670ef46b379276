import type { RouteCall } from "./handle.ts";

/**
 * A body that is produced while it is sent. Its first piece is awaited, so that what fails at once is told as an error;
 * what fails later throws into the host, which cuts the connection: a body that broke off must not look whole. Damage may
 * show only behind the last byte, where checksums are compared, so each piece is held back until the next one is there,
 * and the last until all is proven.
 */
export const streamBody = async (
  call: RouteCall,
  content: AsyncIterable<Uint8Array>,
): Promise<AsyncGenerator<Uint8Array>> => {
  const pieces = content[Symbol.asyncIterator]();
  let held = await pieces.next();
  return (async function* () {
    try {
      while (held.done !== true) {
        const { value } = held;
        held = await pieces.next();
        yield value;
      }
    } catch (error) {
      call.log.error("answer broke off", { requestId: call.requestId, path: call.request.url.pathname, error });
      throw error;
    } finally {
      await pieces.return?.();
    }
  })();
};
