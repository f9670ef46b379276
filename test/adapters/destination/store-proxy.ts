import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

/** What happens to one request. */
export type Fate =
  | "pass"
  /** The connection breaks before the store hears of it. */
  | "reset"
  /** The store does it, and the connection breaks before the answer. */
  | "lose the answer"
  /** The connection breaks in the middle of the answer's body. */
  | "cut the answer"
  /** Nothing ever comes back. */
  | "stall"
  /** One byte of the request's body is another. */
  | "damage"
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

export interface StoreProxy {
  /** The store's URL with this proxy's host and port instead. */
  through(url: string): string;
  readonly seen: Seen[];
  fate: (seen: Seen, number: number) => Fate;
  close(): Promise<void>;
}

/** Stands between an SDK and a store on loopback, and decides each request's fate. */
export const startProxy = async (store: string): Promise<StoreProxy> => {
  const { hostname, port } = new URL(store);
  const seen: Seen[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    const fate = proxy.fate({ method, url, headers }, seen.push({ method, url, headers }));
    handle(incoming, outgoing, { fate, hostname, port });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: StoreProxy = {
    through: (url) => withPort(url, server),
    seen,
    fate: () => "pass",
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
};

const withPort = (url: string, server: Server): string => {
  const changed = new URL(url);
  changed.port = String((server.address() as AddressInfo).port); // listens on TCP
  return changed.href;
};

interface Handling {
  readonly fate: Fate;
  readonly hostname: string;
  readonly port: string;
}

const handle = (incoming: IncomingMessage, outgoing: ServerResponse, { fate, hostname, port }: Handling): void => {
  if (fate === "stall") return;
  if (fate === "reset") return void incoming.socket.destroy();
  if (typeof fate === "object") {
    incoming.resume();
    outgoing.writeHead(fate.status, { "x-ms-version": "2026-04-06", ...fate.headers });
    return void outgoing.end(fate.body ?? "");
  }
  const { method = "", url = "", headers } = incoming;
  const passed = request({ hostname, port, method, path: url, headers }, (answer) => {
    if (fate === "lose the answer") {
      answer.resume().on("end", () => incoming.socket.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    if (fate === "cut the answer") {
      answer.once("data", (chunk: Buffer) => {
        outgoing.write(chunk.subarray(0, chunk.length >> 1), () => incoming.socket.destroy());
        answer.destroy();
      });
    } else answer.pipe(outgoing);
  });
  passed.on("error", () => incoming.socket.destroy());
  if (fate === "damage") {
    incoming.on("data", (chunk: Buffer) => {
      const damaged = Buffer.from(chunk);
      damaged[0] = (damaged[0] ?? 0) ^ 1;
      passed.write(damaged);
    });
    incoming.on("end", () => passed.end());
  } else incoming.pipe(passed);
};
