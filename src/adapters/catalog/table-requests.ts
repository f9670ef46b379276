import { setTimeout as wait } from "node:timers/promises";
import { StoreFailure } from "../../domain/store-failure.ts";

/** The answers that are no failure: the row is gone, already there, or another version. */
export interface Refused {
  readonly refusedWith: 404 | 409 | 412;
  /** An earlier attempt got no answer, so it may have been carried out: the refusal may be our own doing. */
  readonly mayBeDone: boolean;
}

export interface RequestOptions {
  /** Pauses before the second, third ... attempt; each is stretched by up to half at random. */
  readonly retryDelaysMs: readonly number[];
  readonly timeoutMs: number;
}

export const defaultRequestOptions: RequestOptions = { retryDelaysMs: [100, 400, 1600, 4000], timeoutMs: 30_000 };

const longestWaitMs = 30_000;

/** Sends until there is an answer, with bounded retries. Throws StoreFailure; its message holds no key and no SAS. */
export const answerOf = async <Answer>(
  store: string,
  options: RequestOptions,
  send: (signal: AbortSignal) => Promise<Answer>,
): Promise<{ readonly answer: Answer } | Refused> => {
  let mayBeDone = false;
  for (let attempt = 0; ; attempt++) {
    try {
      return { answer: await send(AbortSignal.timeout(options.timeoutMs)) };
    } catch (error) {
      const fault = faultOf(error);
      if (fault.kind === "refused") return { refusedWith: fault.status, mayBeDone };
      const delay = options.retryDelaysMs[attempt];
      if (fault.kind !== "transient" || delay === undefined) throw toFailure(store, fault, attempt + 1);
      mayBeDone = true;
      await wait(Math.min(Math.max(delay * (1 + Math.random() / 2), fault.retryAfterMs), longestWaitMs));
    }
  }
};

type Fault =
  | { readonly kind: "refused"; readonly status: 404 | 409 | 412 }
  | { readonly kind: "transient"; readonly text: string; readonly retryAfterMs: number }
  | { readonly kind: "denied" | "invalid"; readonly text: string };

/** What the SDK's RestError holds, read without trusting it. */
interface Rest {
  readonly statusCode?: unknown;
  readonly code?: unknown;
  readonly details?: { readonly odataError?: { readonly code?: unknown } };
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
}

const faultOf = (error: unknown): Fault => {
  if (!(error instanceof Error)) throw error;
  if (/Authentication|Credential/.test(error.name)) return { kind: "denied", text: error.name };
  const isTimeout = error.name === "AbortError" || error.name === "TimeoutError";
  if (error.name !== "RestError" && !isTimeout) throw error;
  // Every property is optional and checked here.
  const rest = error as Rest;
  const status = typeof rest.statusCode === "number" ? rest.statusCode : undefined;
  const codes = [rest.details?.odataError?.code, rest.code, isTimeout ? "no answer in time" : "no answer"];
  const code = codes.find((found) => typeof found === "string" && found !== "");
  const text = status === undefined ? String(code) : `${status} ${String(code)}`;
  if (status === undefined || isTransient(status) || code === "TableBeingDeleted")
    return { kind: "transient", text, retryAfterMs: retryAfter(rest) };
  if (code === "TableNotFound") return { kind: "invalid", text };
  if (status === 404 || status === 409 || status === 412) return { kind: "refused", status };
  return { kind: status === 401 || status === 403 ? "denied" : "invalid", text };
};

/** Also success: an answer that the SDK could not read. */
const isTransient = (status: number): boolean =>
  status < 300 || status === 408 || status === 429 || (status >= 500 && status !== 501);

const retryAfter = (rest: Rest): number => Number(rest.response?.headers?.get("retry-after") ?? 0) * 1000 || 0;

const toFailure = (store: string, fault: Exclude<Fault, { kind: "refused" }>, attempts: number): StoreFailure => {
  switch (fault.kind) {
    case "transient":
      return new StoreFailure("Unavailable", `${store} does not answer (${fault.text}), asked ${attempts} times.`);
    case "denied":
      return new StoreFailure(
        "AccessDenied",
        `${store} refuses access (${fault.text}). Check the connection string or the identity's role (Storage Table Data Contributor).`,
      );
    case "invalid":
      return new StoreFailure("Unavailable", `${store} refuses the request (${fault.text}).`);
  }
};
