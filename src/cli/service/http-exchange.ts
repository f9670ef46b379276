import { request as requestHttp, Agent as HttpAgent, type IncomingMessage } from "node:http";
import { request as requestHttps, Agent as HttpsAgent } from "node:https";

/** How to know the service that answers by https. */
export interface Trust {
  /** PEM: besides the authorities everybody trusts where `adds`, else instead of them. */
  readonly pem: string;
  /** The certificate itself, whatever name it has: it is the one that this machine's service was given. */
  readonly isPinned: boolean;
}

interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** "" for none. */
  readonly body: string;
}

/** Sends one request; answers when the head of the response is there. Node's own errors are thrown as they are. */
export interface HttpExchange {
  readonly send: (request: HttpRequest) => Promise<IncomingMessage>;
  /** Ends idle connections, so that the process can end. */
  readonly close: () => void;
}

/** Nothing came or went for as long: the line is dead. Longer than any answer of the service takes. */
const silenceMs = 120_000;

export const httpExchange = (trust: Trust | undefined): HttpExchange => {
  const plain = new HttpAgent({ keepAlive: true });
  const secure = new HttpsAgent({
    keepAlive: true,
    ...(trust === undefined ? {} : { ca: trust.pem }),
    // A leaf that is named itself needs no authority above it, and no name: it is that one certificate or none.
    ...(trust?.isPinned === true ? { allowPartialTrustChain: true, checkServerIdentity: () => undefined } : {}),
  });
  return {
    send: ({ method, url, headers, body }) =>
      new Promise((resolve, reject) => {
        const isHttps = url.protocol === "https:";
        const options = { method, headers, agent: isHttps ? secure : plain };
        const sent = isHttps ? requestHttps(url, options) : requestHttp(url, options);
        sent.setTimeout(silenceMs, () => sent.destroy(new Error(`no answer for ${silenceMs / 1000} seconds`)));
        sent.once("error", reject);
        sent.once("response", resolve);
        // Node tells nothing else when the other side wants to change to another protocol.
        sent.once("close", () => reject(Object.assign(new Error("no answer came"), { code: "ECONNRESET" })));
        sent.end(body);
      }),
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
};
