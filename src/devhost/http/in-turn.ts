import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/** Nobody means to send so many requests ahead of their answers. */
const mostWaiting = 100;

/**
 * Handles the requests of a connection one after the other, as they have to be answered. Side by side, one that changes
 * something could overtake another; and Node does not tell an answer that waits for its turn that its client has gone.
 */
export const inTurn = (handle: Handle): Handle => {
  const lines = new WeakMap<Socket, { last: ServerResponse; waiting: number }>();
  return (request, response) => {
    const { socket } = request;
    const line = lines.get(socket);
    if (line === undefined || line.last.closed) {
      lines.set(socket, { last: response, waiting: 0 });
      return handle(request, response);
    }
    const { last: before } = line;
    line.last = response;
    if (++line.waiting > mostWaiting) return void socket.destroy();
    before.once("close", () => {
      line.waiting--;
      if (!socket.destroyed) handle(request, response);
    });
  };
};
