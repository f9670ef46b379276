import type { lookup } from "node:dns";
import { messageOf } from "../../domain/errors.ts";
import { limitedSignal } from "../../ports/clock.ts";
import { exchange, type Exchanged } from "./exchange.ts";
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

/** An answer's beginning, for people. */
const mostAnswerBytes = 16 * 1024;

/**
 * Sends one message to a URL that a person named. Throws an Error that names the host, never the rest of the URL, which is
 * often a secret: when the URL may not be reached, when nobody answers in time, when the connection fails. It does not try
 * again. A proxy of the environment is not used: what a name leads to would be the proxy's matter.
 */
export const sendOutgoing =
  (policy: OutgoingPolicy, resolve?: typeof lookup) =>
  async (message: OutgoingMessage): Promise<Exchanged> => {
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
      const { url: _url, timeoutMs: _timeoutMs, ...request } = message;
      const agent = url.protocol === "https:" ? agents.https : agents.http;
      return await exchange(url, { ...request, signal, agent, mostBytes: mostAnswerBytes });
    } catch (error) {
      throw new Error(`${url.host} did not take the message: ${messageOf(error)}`, { cause: error });
    } finally {
      release();
      agents.http.destroy();
      agents.https.destroy();
    }
  };
