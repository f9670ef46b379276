import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { buffer } from "node:stream/consumers";
import { inject } from "vitest";

/** Not `fetch`: that resolves dots in paths, joins headers and refuses bodies, which is what is under test. */
export type Call = {
  /** Sent as it is; a list is sent as one header line each. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent with its length; chunks are sent chunked. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly agent?: Agent;
  readonly baseUrl?: string;
};

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Header names and values one after the other, as they came. */
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer;
  readonly text: string;
  readonly json: <Value = unknown>() => Value;
};

const agent = new Agent({ keepAlive: true });
const tlsAgent = new TlsAgent({ keepAlive: true });

/** Sends the head of a request; the caller writes the body. The path goes out exactly as given. */
export const open = (method: string, path: string, call: Call = {}) => {
  const { hostname, port, protocol } = new URL(call.baseUrl ?? inject("functionsHost").url);
  const isTls = protocol === "https:";
  return (isTls ? tlsRequest : request)({
    method,
    path,
    hostname,
    port,
    agent: isTls ? tlsAgent : (call.agent ?? agent),
    headers: Object.fromEntries(
      Object.entries(call.headers ?? {}).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
    ),
  });
};

/** The answer's head, its body still on the way. */
export const answered = (outgoing: ReturnType<typeof open>): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.once("error", reject);
  });

const sendBody = async (outgoing: ReturnType<typeof open>, { body }: Call): Promise<void> => {
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
    if (body !== undefined) outgoing.setHeader("content-length", Buffer.byteLength(body));
    outgoing.end(body);
    return;
  }
  for await (const chunk of body) {
    if (outgoing.destroyed || outgoing.writableEnded) return;
    await new Promise<void>((resolve) => outgoing.write(chunk, () => resolve()));
  }
  outgoing.end();
};

/** One request and its whole answer, whatever the status. Rejects when the connection breaks. */
export const send = async (method: string, path: string, call: Call = {}): Promise<Answer> => {
  const outgoing = open(method, path, call);
  const head = answered(outgoing);
  const [incoming] = await Promise.all([head, Promise.race([sendBody(outgoing, call), head])]);
  const bytes = await buffer(incoming);
  const text = bytes.toString("utf8");
  const { statusCode = 0, headers, rawHeaders } = incoming;
  // What the fixture answers is known to the test that asks.
  return { status: statusCode, headers, rawHeaders, bytes, text, json: <Value>() => JSON.parse(text) as Value };
};

export const get = (path: string, call?: Call): Promise<Answer> => send("GET", path, call);
export const post = (path: string, call?: Call): Promise<Answer> => send("POST", path, call);
