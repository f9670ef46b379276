import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { lookup } from "node:dns";
import type { IncomingMessage } from "node:http";
import { limitedSignal } from "../../ports/clock.ts";
import { guardedAgents } from "./guarded-agents.ts";
import { outgoingProblem, outgoingReach, type OutgoingPolicy } from "./outgoing-url.ts";

export interface OutgoingMessage {
  readonly url: string;
  readonly method: "GET" | "HEAD" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

interface OutgoingAnswer {
  /** A redirect too: it is never followed. */
  readonly status: number;
  /** The answer's beginning, at most 16 KiB. */
  readonly text: string;
}

const mostAnswerBytes = 16 * 1024;

/**
 * Sends one message to a URL that a person named. Throws an Error that names the host, never the rest of the URL, which is
 * often a secret: when the URL may not be reached, when nobody answers in time, when the connection fails. It does not try
 * again. A proxy of the environment is not used: what a name leads to would be the proxy's matter.
 */
export const sendOutgoing =
  (policy: OutgoingPolicy, resolve?: typeof lookup) =>
  async (message: OutgoingMessage): Promise<OutgoingAnswer> => {
    const problem = outgoingProblem(message.url, policy);
    if (problem !== undefined) throw new Error(`The message was not sent: ${problem}`);
    const url = new URL(message.url);
    const agents = guardedAgents(outgoingReach(url, policy), resolve);
    const { signal, release } = limitedSignal({
      afterMs: message.timeoutMs,
      signal: message.signal,
      reason: () => new Error(`no answer within ${message.timeoutMs / 1000} s.`),
    });
    try {
      return await exchange(url, { message, agents, signal });
    } catch (error) {
      throw new Error(`${url.host} did not take the message: ${reasonOf(error, signal)}`, { cause: error });
    } finally {
      release();
      agents.http.destroy();
      agents.https.destroy();
    }
  };

const reasonOf = (error: unknown, { reason }: AbortSignal): string => {
  const told: unknown = error instanceof Error && error.name === "AbortError" ? (reason ?? error) : error;
  return told instanceof Error ? told.message : String(told);
};

interface Exchange {
  readonly message: OutgoingMessage;
  readonly agents: ReturnType<typeof guardedAgents>;
  readonly signal: AbortSignal;
}

const exchange = async (url: URL, { message, agents, signal }: Exchange): Promise<OutgoingAnswer> => {
  const isSecure = url.protocol === "https:";
  const { method, headers = {}, body } = message;
  const options = { method, headers, signal, agent: isSecure ? agents.https : agents.http };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = (isSecure ? httpsRequest : httpRequest)(url, options, resolve);
    sent.once("error", reject);
    // Node tells neither an answer nor an error when the other side wants to change to another protocol.
    sent.once("close", () => reject(new Error("the connection ended without an answer.")));
    sent.end(body);
  });
  const text = await beginningOf(answer);
  // An answer without a length ends where its connection is ended, by us too.
  signal.throwIfAborted();
  return { status: answer.statusCode ?? 0, text };
};

const beginningOf = async (answer: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  // Safe: without an encoding a response's chunks are buffers.
  for await (const part of answer as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= mostAnswerBytes) break; // which destroys the rest
  }
  return Buffer.concat(parts).subarray(0, mostAnswerBytes).toString("utf8");
};
