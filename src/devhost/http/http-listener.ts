import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { HostFailure } from "../host-failure.ts";
import { cut } from "./cut.ts";
import type { Scheme } from "./http-call.ts";
import { inTurn } from "./in-turn.ts";

export type Certificate = { readonly key: string | Buffer; readonly cert: string | Buffer };

type ListenerOptions = {
  readonly address: string;
  readonly port: number;
  readonly tls?: Certificate;
  readonly handle: (request: IncomingMessage, response: ServerResponse, scheme: Scheme) => void;
};

export type Listener = {
  readonly url: string;
  readonly port: number;
  /** New connections get this certificate. */
  renew(certificate: Certificate): void;
  /** Takes no new connections; resolves when the open ones have ended, or after so long, when it cuts them. */
  close(graceMs: number): Promise<void>;
};

/** Limits as the real host's front end has them; a large upload may take as long as it likes. */
const limits = {
  maxHeaderSize: 32_768,
  keepAliveTimeout: 130_000,
  requestTimeout: 0,
  headersTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
};
/** More would take the file descriptors that backups need. */
const mostConnections = 2_000;
/** How long an answered request may go on sending a body nobody reads. */
const drainMs = 5_000;
const idleSweepMs = 20;

/**
 * Reads away what is left of an answered request's body, so that the connection can serve the next one. A reader that
 * left off would hold the body up, and `resume` alone is forgotten as soon as that reader's listener is gone.
 */
const drainAfter = (request: IncomingMessage, response: ServerResponse): void => {
  response.once("finish", () => {
    if (request.complete || request.destroyed) return;
    request.removeAllListeners("readable").on("data", () => undefined);
    const timer = setTimeout(() => request.destroy(), drainMs);
    request.once("close", () => clearTimeout(timer));
  });
};

const failure = (error: NodeJS.ErrnoException, { address, port }: ListenerOptions): Error => {
  if (error.code === "EADDRINUSE")
    return new HostFailure(
      `Port ${port} on ${address} is in use. Stop the program that has it, or choose another port.`,
      { cause: error },
    );
  if (error.code === "EACCES")
    return new HostFailure(`Port ${port} on ${address} may not be opened by this user. Choose a port above 1023.`);
  if (error.code === "EADDRNOTAVAIL")
    return new HostFailure(`${address} is not an address of this machine. Choose another one.`);
  return error;
};

const createListening = (options: ListenerOptions): Server => {
  const scheme = options.tls ? "https" : "http";
  const handle = inTurn((request, response) => options.handle(request, response, scheme));
  const onRequest: RequestListener = (request, response) => {
    if (request.method !== "GET") drainAfter(request, response);
    handle(request, response);
  };
  return options.tls ? createTlsServer({ ...limits, ...options.tls }, onRequest) : createServer(limits, onRequest);
};

/** Those that are open, whatever has come of them: the server itself forgets one whose TLS has not begun. */
const connectionsOf = (server: Server): ReadonlySet<Socket> => {
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return open;
};

const close = (server: Server, open: ReadonlySet<Socket>, graceMs: number): Promise<void> =>
  new Promise((resolve) => {
    const late = setTimeout(() => open.forEach(cut), graceMs);
    // A client may keep the connection of a request that has ended since for another one, which nobody would answer.
    const sweep = setInterval(() => server.closeIdleConnections(), idleSweepMs);
    server.close(() => {
      clearTimeout(late);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
    // Nothing was asked by them; the server waits for a first request.
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
  });

/** Opens a port; rejects with a HostFailure if that cannot be done. Port 0 takes a free one. */
export const listen = (options: ListenerOptions): Promise<Listener> =>
  new Promise((resolve, reject) => {
    const server = createListening(options);
    const onError = (error: NodeJS.ErrnoException): void => reject(failure(error, options));
    const open = connectionsOf(server);
    server.maxConnections = mostConnections;
    server.once("error", onError);
    server.listen(options.port, options.address, () => {
      server.removeListener("error", onError);
      // Listening on a port, not on a pipe, so the address is an object.
      const { port } = server.address() as AddressInfo;
      const host = options.address.includes(":") ? `[${options.address}]` : options.address;
      resolve({
        url: `${options.tls ? "https" : "http"}://${host}:${port}`,
        port,
        renew: (certificate) => {
          if (server instanceof TlsServer) server.setSecureContext(certificate);
        },
        close: (graceMs) => close(server, open, graceMs),
      });
    });
  });
