import { request as httpRequest, type Agent, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

interface Request {
  readonly method: "GET" | "HEAD" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the whole exchange. */
  readonly signal: AbortSignal;
  readonly agent?: Agent;
  /** More of an answer is not read. */
  readonly mostBytes: number;
}

export interface Exchanged {
  /** A redirect too: it is never followed. */
  readonly status: number;
  readonly text: string;
}

/**
 * One request and its answer. Not by `fetch`, which on Node 20 forgets its signal while the answer comes, once garbage is
 * collected. Throws the signal's reason where that ended it.
 */
export const exchange = async (url: URL, { body, mostBytes, ...options }: Request): Promise<Exchanged> => {
  const { signal } = options;
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, options, resolve);
      sent.once("error", reject);
      // Node tells neither an answer nor an error when the other side wants to change to another protocol.
      sent.once("close", () => reject(new Error("the connection ended without an answer.")));
      sent.end(body);
    });
    const text = await beginningOf(answer, mostBytes);
    // An answer without a length ends where its connection is ended, by us too.
    signal.throwIfAborted();
    return { status: answer.statusCode ?? 0, text };
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
};

const beginningOf = async (answer: IncomingMessage, mostBytes: number): Promise<string> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  // Safe: without an encoding a response's chunks are buffers.
  for await (const part of answer as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= mostBytes) break; // which destroys the rest
  }
  return Buffer.concat(parts).subarray(0, mostBytes).toString("utf8");
};
