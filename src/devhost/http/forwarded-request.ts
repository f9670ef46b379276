import type { IncomingMessage } from "node:http";
import type { Address } from "./addressed-as.ts";
import type { TypedData } from "../core-types.ts";
import type { HttpCall } from "./http-call.ts";
import { encodePath } from "./request-path.ts";

/** Request headers as the host tells them: lower case, several of one name joined by a comma without a space. */
const headersOf = ({ rawHeaders, socket }: IncomingMessage): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? "";
    const value = rawHeaders[index + 1] ?? "";
    const earlier = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = earlier === undefined ? value : `${earlier},${value}`;
  }
  headers["x-forwarded-for"] = [headers["x-forwarded-for"], peerOf(socket)].filter(Boolean).join(", ");
  return headers;
};

/** Azure's front end appends who spoke to it; here the host itself is what is in front. */
const peerOf = ({ remoteAddress }: IncomingMessage["socket"]): string =>
  (remoteAddress ?? "").replace(/^::ffff:(?=[\d.]+$)/i, "");

/** Adds the query's keys; returns how each was spelled first, by its lower-case form. */
const queryMetadata = (search: string, metadata: Record<string, TypedData>): ReadonlyMap<string, string> => {
  const spelling = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) {
    const key = name.toLowerCase();
    if (key === "code") continue;
    if (!spelling.has(key)) spelling.set(key, name);
    metadata[spelling.get(key) ?? name] = { string: value };
  }
  return spelling;
};

/**
 * Trigger metadata of an HTTP call: query keys (but not the key in `code`), then route values. Letter case does not
 * count, and the first spelling stays, so with `?ID=1` the value of `{id}` arrives as `ID`. In the cloud a query key
 * `Headers` would take the place of the request's headers; here they always win.
 */
export const triggerMetadata = ({ values, path, request }: HttpCall): Record<string, TypedData> => {
  const metadata: Record<string, TypedData> = {};
  const spelling = path.search === "" ? undefined : queryMetadata(path.search, metadata);
  for (const name of Object.keys(values))
    metadata[spelling?.get(name.toLowerCase()) ?? name] = { string: values[name] ?? "" };
  metadata["Headers"] = { json: JSON.stringify(headersOf(request)) };
  return metadata;
};

/** The request as the app's inner server would have received it from the host's forwarder. */
export const forwardedRequest = (
  { request, path }: HttpCall,
  { scheme, host }: Address,
  { id, body }: { readonly id: string; readonly body: () => AsyncGenerator<Buffer> },
): object => ({
  method: request.method,
  url: encodePath(path.path) + path.search,
  headers: { "x-ms-invocation-id": id, "x-forwarded-host": host, "x-forwarded-proto": scheme },
  [Symbol.asyncIterator]: body,
});
