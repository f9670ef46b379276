import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/**
 * Ends a connection in the middle of something. To a client of HTTP/1.0, and many a proxy is one, a body lasts until its
 * connection ends: only a reset tells that it was cut. Under TLS it is the missing farewell that tells.
 */
export const cut = (socket: Socket): void => {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
};
