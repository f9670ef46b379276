import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to a request on its way: undefined lets it pass. */
export type Fate =
  | undefined
  /** It is carried out, and the connection breaks before the answer. */
  | "answer lost"
  /** It never arrives. */
  | "request lost"
  /** Nothing comes back, ever. */
  | "silence"
  | { readonly status: number; readonly code: string };

export interface Proxy {
  readonly url: string;
  /** Decides about each request, in order; `carriedOut` is called before a lost answer is lost. */
  fate: (method: string, path: string) => Fate;
  carriedOut: () => Promise<void>;
  readonly requests: string[];
  stop(): Promise<void>;
}

/** A table service in front of the real one, that fails as told. */
export const startProxy = async (target: string): Promise<Proxy> => {
  const server = createServer((incoming, outgoing) => void handle(proxy, target, incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A listening TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  const proxy: Proxy = {
    url: `http://127.0.0.1:${port}${new URL(target).pathname}`,
    fate: () => undefined,
    carriedOut: async () => undefined,
    requests: [],
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
};

const handle = async (
  proxy: Proxy,
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> => {
  const body = await bytesOf(incoming);
  const [method, path] = [incoming.method ?? "", incoming.url ?? ""];
  proxy.requests.push(`${method} ${path}`);
  const fate = proxy.fate(method, path);
  if (fate === "silence") return;
  if (fate === "request lost") return void incoming.socket.destroy();
  if (fate !== undefined && fate !== "answer lost") {
    outgoing.writeHead(fate.status, { "content-type": "application/json;odata=minimalmetadata" });
    return void outgoing.end(JSON.stringify({ "odata.error": { code: fate.code, message: { value: "made up" } } }));
  }
  const answer = await forward(new URL(target).origin + path, incoming, body);
  if (fate === "answer lost") {
    await proxy.carriedOut();
    return void incoming.socket.destroy();
  }
  outgoing.writeHead(answer.status, answer.headers);
  outgoing.end(answer.body);
};

const forward = (url: string, incoming: IncomingMessage, body: Buffer) =>
  new Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }>((resolve, reject) => {
    const onward = request(url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      bytesOf(answer).then(
        (read) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: read }),
        reject,
      );
    });
    onward.once("error", reject);
    onward.end(body);
  });

const bytesOf = async (stream: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};
