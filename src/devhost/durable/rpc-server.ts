import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { RpcAnswer, RpcRequest } from "./rpc-routes.ts";

const read = async (incoming: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer); // No encoding is set, so chunks are buffers.
  return Buffer.concat(chunks).toString("utf8");
};

/** Undefined for what is no path of ours: broken escapes, or a separator smuggled into a name. */
const pathOf = (url: URL, prefix: string): readonly string[] | undefined => {
  if (!url.pathname.startsWith(prefix)) return undefined;
  try {
    const path = url.pathname.slice(prefix.length).split("/").map(decodeURIComponent);
    return path.some((part) => /[/\\]/.test(part)) ? undefined : path;
  } catch {
    return undefined;
  }
};

const send = (response: ServerResponse, { status, headers, body }: RpcAnswer): void => {
  response.writeHead(status, { ...headers, "Content-Type": "application/json; charset=utf-8" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
};

/** The durable client's door: loopback only, behind an unguessable path. */
export class RpcServer {
  readonly #answer: (request: RpcRequest) => Promise<RpcAnswer>;
  readonly #failed: (error: unknown) => RpcAnswer;
  readonly #prefix = `/durabletask/${randomBytes(16).toString("hex")}/`;
  readonly #server: Server;

  constructor(answer: (request: RpcRequest) => Promise<RpcAnswer>, failed: (error: unknown) => RpcAnswer) {
    this.#answer = answer;
    this.#failed = failed;
    this.#server = createServer((incoming, response) => void this.#serve(incoming, response));
    // The client is in this process: a connection it keeps must not vanish under its next request.
    this.#server.keepAliveTimeout = 0;
  }

  async listen(): Promise<void> {
    this.#server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 });
    await once(this.#server, "listening");
  }

  /** Ends with a slash. */
  get baseUrl(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The durable part has not been started.");
    return `http://127.0.0.1:${address.port}${this.#prefix}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
      const path = pathOf(url, this.#prefix);
      const body = await read(incoming);
      const request = path && { method: incoming.method ?? "GET", path, query: url.searchParams, body };
      send(response, request ? await this.#answer(request) : { status: 404 });
    } catch (error) {
      if (response.headersSent) response.destroy();
      else send(response, this.#failed(error));
    }
  }
}
