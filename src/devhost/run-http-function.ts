import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { limitedBody } from "./body-limit.ts";
import type { TypedData } from "./core-types.ts";
import type { HttpFunction } from "./http-function.ts";
import type { Executed, Invoker } from "./invoke.ts";
import type { InnerServer } from "./load-app.ts";
import type { Log } from "./log.ts";
import type { RouteValues } from "./match-route.ts";
import { pacedResult } from "./paced-result.ts";
import { encodePath, type RequestPath } from "./request-path.ts";
import { StreamResponse } from "./stream-response.ts";

export type HttpCall = {
  readonly target: HttpFunction;
  readonly values: RouteValues;
  readonly path: RequestPath;
  readonly scheme: "http" | "https";
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
};

export type HttpRunner = (call: HttpCall) => Promise<void>;

export type HttpRunnerOptions = {
  /** Undefined in an app without HTTP functions. */
  readonly inner: InnerServer | undefined;
  readonly invoker: Invoker;
  readonly log: Log;
  readonly bodyLimitBytes: number;
  /** Rejects when the function takes longer than it may. */
  readonly withTimeout: <Result>(name: string, work: Promise<Result>) => Promise<Result>;
  readonly clientBinding: () => string;
};

/** Request headers as the host tells them: lower case, several of one name joined by a comma without a space. */
const headersOf = ({ rawHeaders }: IncomingMessage): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? "";
    const value = rawHeaders[index + 1] ?? "";
    const earlier = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = earlier === undefined ? value : `${earlier},${value}`;
  }
  return headers;
};

/**
 * Trigger metadata of an HTTP call: query keys (but not the key in `code`), then route values. Names differ by more
 * than letter case, and the first spelling stays, so `?ID=1` makes the value of `{id}` arrive as `ID`.
 */
const triggerMetadata = ({ values, path, request }: HttpCall): Record<string, TypedData> => {
  const metadata: Record<string, TypedData> = {};
  const spelling = new Map<string, string>();
  const put = (name: string, value: string): void => {
    const spelled = spelling.get(name.toLowerCase()) ?? name;
    spelling.set(name.toLowerCase(), spelled);
    metadata[spelled] = { string: value };
  };
  if (path.search !== "")
    for (const [name, value] of new URLSearchParams(path.search)) if (name.toLowerCase() !== "code") put(name, value);
  for (const [name, value] of Object.entries(values)) put(name, value);
  metadata["Headers"] = { json: JSON.stringify(headersOf(request)) };
  return metadata;
};

/** The request as the app's inner server would have received it from the host's forwarder. */
const forwarded = (call: HttpCall, invocationId: string, body: () => AsyncGenerator<Buffer>): object => ({
  method: call.request.method,
  url: encodePath(call.path.path) + call.path.search,
  headers: {
    "x-ms-invocation-id": invocationId,
    "x-forwarded-host": call.request.headers.host ?? "localhost",
    "x-forwarded-proto": call.scheme,
  },
  [Symbol.asyncIterator]: body,
});

const wrongResult = (name: string, result: unknown): string =>
  `Function "${name}" returned ${result == null ? "nothing" : `a ${typeof result}`}. In stream mode an HTTP function must ` +
  "return an object such as { status: 200 }; in the cloud this caller would wait 240 s and then get a 500.";
const thrown = (name: string, error: unknown): string =>
  `Function "${name}" failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n` +
  "In stream mode an HTTP function must catch its own errors; in the cloud this caller would wait 240 s and then get a 500.";

/** Runs HTTP functions by handing requests straight to the server inside the app. */
export const createHttpRunner = (options: HttpRunnerOptions): HttpRunner => {
  const { inner, invoker, log } = options;
  const answer = async (name: string, { outcome, respond }: Executed, to: StreamResponse): Promise<void> => {
    if (outcome.ok && typeof outcome.result === "object" && outcome.result !== null)
      return void (await respond(pacedResult(outcome.result, to)));
    log("error", "Host.Http", outcome.ok ? wrongResult(name, outcome.result) : thrown(name, outcome.error));
    to.refuse(500);
    // Lets the library forget the response it keeps for this invocation.
    await respond({});
  };
  return async (call) => {
    const { called, name, triggerName, clientInputs } = call.target;
    const invocationId = randomUUID();
    const to = new StreamResponse(call.request, call.response);
    const body = (): AsyncGenerator<Buffer> =>
      limitedBody(call.request, options.bodyLimitBytes, () => to.refuse(413, { connection: "close" }));
    inner?.emit("request", forwarded(call, invocationId, body), to);
    const binding = clientInputs.length === 0 ? "" : options.clientBinding();
    const request = {
      invocationId,
      functionId: name,
      inputData: [
        { name: triggerName, data: {} },
        ...clientInputs.map((input) => ({ name: input, data: { string: binding } })),
      ],
      triggerMetadata: triggerMetadata(call),
    };
    const work = async (): Promise<void> => answer(name, await invoker.execute(called, request), to);
    try {
      await options.withTimeout(name, work());
    } catch (error) {
      log("error", "Host.Http", `The answer of function "${name}" broke off: ${String(error)}`);
      to.refuse(500);
    }
  };
};
