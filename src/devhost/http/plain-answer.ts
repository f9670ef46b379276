/** An answer that needs no conversion. Header names are lower case. */
export type PlainAnswer = {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly content: string | Uint8Array;
};

type Init = {
  readonly status?: unknown;
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  readonly cookies?: unknown;
  readonly body?: unknown;
  readonly jsonBody?: unknown;
};

/** Statuses without a body, and headers of a connection: for these the library has rules of its own. */
const bodyless = new Set([204, 205, 304]);
const ofConnection = ["connection", "transfer-encoding", "keep-alive", "te", "trailer", "trailers", "upgrade"];
const ofProxies = ["proxy-authenticate", "proxy-authorization"];
const special = new Set([...ofConnection, ...ofProxies]);

const hasType = (headers: PlainAnswer["headers"]): boolean => {
  for (const [name] of headers) if (name === "content-type") return true;
  return false;
};

const withType = (headers: readonly (readonly [string, string])[], type: string): PlainAnswer["headers"] =>
  hasType(headers) ? headers : [...headers, ["content-type", type]];

/**
 * The commonest results - text, JSON, bytes or nothing - as the library would answer them, without the `Response` it
 * makes of each, which costs more than the rest of the call. Undefined for everything else: the library converts that.
 */
export const plainAnswer = (result: object): PlainAnswer | undefined => {
  // The result is whatever a handler returned; every field is checked before use.
  const { status = 200, headers: given, cookies, body, jsonBody } = result as Init;
  if (typeof status !== "number" || !Number.isInteger(status) || status < 200 || status > 599) return undefined;
  if (bodyless.has(status) || cookies !== undefined || "arrayBuffer" in result) return undefined;
  const headers = given === undefined ? [] : [...new Headers(given)];
  if (headers.some(([name]) => special.has(name))) return undefined;
  if (jsonBody != null) {
    const content: unknown = JSON.stringify(jsonBody);
    if (typeof content !== "string") return undefined;
    return { status, headers: withType(headers, "application/json"), content };
  }
  if (typeof body === "string")
    return { status, headers: withType(headers, "text/plain;charset=UTF-8"), content: body };
  if (body instanceof Uint8Array) return { status, headers, content: Uint8Array.from(body) };
  return body == null ? { status, headers, content: "" } : undefined;
};
