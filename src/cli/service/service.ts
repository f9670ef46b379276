import type { IncomingMessage } from "node:http";
import { answerOf, type Answer } from "./answer.ts";
import { CommandFailure } from "../command-failure.ts";
import type { Connection } from "./connection.ts";
import { exitCodeOf, exitCodes } from "../exit-code.ts";
import { fieldInWords } from "./field-in-words.ts";
import { httpExchange, type HttpExchange } from "./http-exchange.ts";
import { isUnreachable, unreachable } from "./unreachable.ts";

/** The newest version of ARM that the API's documents are written for. */
const apiVersion = "2025-05-01";

export interface Asked {
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: unknown;
}

interface Accepted {
  /** The operation's id, from the Location of a 202. */
  readonly operation: string;
}

/** The service as commands see it. Refusals are CommandFailures with the service's code and message. */
export interface Service {
  readonly connection: Connection;
  readonly get: (path: string, asked?: Asked) => Promise<Answer>;
  readonly post: (path: string, asked?: Asked) => Promise<Answer>;
  readonly put: (path: string, asked?: Asked) => Promise<Answer>;
  readonly remove: (path: string, asked?: Asked) => Promise<Answer>;
  /** Every item of a list, however many pages it has. */
  readonly all: (path: string, asked?: Asked) => Promise<readonly Answer[]>;
  /** The same, as they come: follows `nextLink`. */
  readonly pages: (path: string, asked?: Asked) => AsyncIterable<Answer>;
  /** Begins something that is polled. */
  readonly begin: (path: string, asked?: Asked) => Promise<Accepted>;
  /** The response itself, for contents. */
  readonly open: (path: string, asked?: Asked) => Promise<IncomingMessage>;
  readonly close: () => void;
}

interface ServiceDeps {
  readonly pause: (milliseconds: number) => Promise<void>;
}

interface Sent<Taken> {
  readonly body?: unknown;
  /** What the answer is good for; throws what the service refuses. */
  readonly take: (response: IncomingMessage) => Promise<Taken>;
}

/** Attempts of what may be repeated, and the wait before each. */
const waitsMs = [250, 1_000, 3_000];
const longestWaitMs = 30_000;

export const openService = (connection: Connection, { pause }: ServiceDeps): Service => {
  let exchange: HttpExchange | undefined;
  const connected = (): HttpExchange => (exchange ??= httpExchange(connection.trust()));

  const once = async (method: string, url: URL, body: unknown): Promise<IncomingMessage> => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = {
      accept: "application/json",
      authorization: `Bearer ${(await connection.key()).reveal()}`,
      ...(method === "GET"
        ? {}
        : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
    };
    return connected().send({ method, url, headers, body: text });
  };

  /** Repeats what may be repeated: reading, also of an answer that broke off, and whatever the service did not let in. */
  const send = async <Taken>(method: string, url: URL, { body, take }: Sent<Taken>): Promise<Taken> => {
    for (let attempt = 0; ; attempt++) {
      const waitMs = waitsMs[attempt];
      try {
        const response = await once(method, url, body);
        const after = waitAfter(response, method);
        if (waitMs === undefined || after === undefined) return await take(response);
        response.resume();
        await pause(Math.max(waitMs, after));
      } catch (error) {
        if (!isUnreachable(error)) throw error;
        if (waitMs === undefined || !mayRepeat(error, method)) throw unreachable(error, connection);
        await pause(waitMs);
      }
    }
  };

  const ask = async (method: string, path: string, { query, body }: Asked = {}): Promise<Answer> => {
    return send(method, urlOf(connection, path, query), { body, take: answerIn });
  };

  async function* pages(path: string, { query }: Asked = {}): AsyncGenerator<Answer> {
    let url: URL | undefined = urlOf(connection, path, query);
    while (url !== undefined) {
      const page: Answer = await send("GET", url, { take: answerIn });
      yield* page.list("value");
      const next = page.textOr("nextLink", undefined);
      // By the address that works from here, whatever the service believes to be called.
      url = next === undefined ? undefined : new URL(pathAndQuery(new URL(next)), connection.url());
    }
  }

  return {
    connection,
    get: (path, asked) => ask("GET", path, asked),
    post: (path, asked) => ask("POST", path, { body: {}, ...asked }),
    put: (path, asked) => ask("PUT", path, asked),
    remove: (path, asked) => ask("DELETE", path, asked),
    pages,
    all: async (path, asked) => {
      const items: Answer[] = [];
      for await (const item of pages(path, asked)) items.push(item);
      return items;
    },
    async begin(path, { query, body = {} } = {}) {
      const response = await send("POST", urlOf(connection, path, query), { body, take: checked });
      response.resume();
      const operation = /\/operationresults\/([^/?]+)/i.exec(response.headers.location ?? "")?.[1];
      if (operation === undefined) throw notUnderstood("It accepted, and did not say where to ask.");
      return { operation };
    },
    open: async (path, { query } = {}) => send("GET", urlOf(connection, path, query), { take: checked }),
    close: () => exchange?.close(),
  };
};

const urlOf = (connection: Connection, path: string, query: Asked["query"] = {}): URL => {
  const base = connection.url();
  const url = new URL(base.pathname.replace(/\/+$/, "") + path, base);
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) url.searchParams.append(name, one);
  url.searchParams.set("api-version", apiVersion);
  return url;
};

const pathAndQuery = (url: URL): string => `${url.pathname}${url.search}`;

/** The line broke, which may be over in a moment. Reading changes nothing; what may have been read is not sent again. */
const mayRepeat = ({ code, message }: NodeJS.ErrnoException, method: string): boolean =>
  code === "EAI_AGAIN" ||
  (method === "GET" &&
    (["ECONNRESET", "EPIPE", "ETIMEDOUT"].includes(code ?? "") || message.startsWith("no answer for")));

/** How long to wait before the same request may be sent again; undefined: it is answered. */
const waitAfter = ({ statusCode = 0, headers }: IncomingMessage, method: string): number | undefined => {
  const isLater = statusCode === 429 || (method === "GET" && [502, 503, 504].includes(statusCode));
  if (!isLater) return undefined;
  const waitMs = Number(headers["retry-after"] ?? 0) * 1_000;
  return Number.isFinite(waitMs) && waitMs <= longestWaitMs ? waitMs : undefined;
};

const textOf = async (response: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
};

/** The whole of a success as the JSON that it should be. */
export const answerIn = async (response: IncomingMessage): Promise<Answer> =>
  answerOf(await jsonOf(await checked(response)));

const jsonOf = async (response: IncomingMessage): Promise<unknown> => {
  const text = await textOf(response);
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notUnderstood("It is not JSON.", { cause: error });
  }
};

const notUnderstood = (reason: string, options?: { cause: unknown }): CommandFailure =>
  new CommandFailure(
    exitCodes.failed,
    "AnswerNotUnderstood",
    `What answers there is not understood: ${reason} Is it Lifeboat?`,
    options,
  );

/** The response when it is a success; else what the service says as a failure. */
const checked = async (response: IncomingMessage): Promise<IncomingMessage> => {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return response;
  const { code, message } = refusalOf(await textOf(response), status);
  throw new CommandFailure(exitCodeOf(status, code), code, fieldInWords(message));
};

const refusalOf = (text: string, status: number): { readonly code: string; readonly message: string } => {
  try {
    const error = answerOf(JSON.parse(text)).object("error");
    // Our own word stands in the details where ARM has another.
    const own = error.list("details")[0]?.textOr("code", undefined);
    return { code: own ?? error.text("code"), message: error.text("message") };
  } catch {
    // Something in between answered, such as a proxy.
    return { code: `Http${status}`, message: `The answer was HTTP ${status}, and not one of Lifeboat's.` };
  }
};
