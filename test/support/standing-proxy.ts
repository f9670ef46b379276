import { createServer, connect, type AddressInfo, type Socket } from "node:net";

/** A way to a server on which everything may come to stand: connections are taken and stay open, and nothing gets through. */
export interface StandingProxy {
  readonly port: number;
  /** From here on, once so many more bytes have come from the server. */
  standAfter(bytes: number): void;
  goOn(): void;
  /** Bytes that have come from the server. */
  readonly passed: () => number;
  stop(): Promise<void>;
}

export const standingProxy = async (to: number): Promise<StandingProxy> => {
  const sockets = new Set<Socket>();
  let left = Number.POSITIVE_INFINITY;
  let passed = 0;
  const hold = (): void => {
    if (left <= 0) for (const socket of sockets) socket.pause();
  };
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    for (const socket of [near, far]) keep(socket);
    near.pipe(far);
    far.pipe(near);
    far.on("data", (bytes: Buffer) => {
      left -= bytes.length;
      passed += bytes.length;
      hold();
    });
    hold();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    // Safe: it listens at a port.
    port: (server.address() as AddressInfo).port,
    standAfter(bytes) {
      left = bytes;
      hold();
    },
    passed: () => passed,
    goOn() {
      left = Number.POSITIVE_INFINITY;
      for (const socket of sockets) socket.resume();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
