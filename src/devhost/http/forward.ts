import { request as send, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

const kept = ["content-type", "retry-after", "x-ms-continuation-token"];

/** The server of this process that a request is passed on to, and what callers know it as; both end with a slash. */
type Onward = { readonly inner: string; readonly outer: string };

/** Passes a request for `path` on and its answer back. The inner address is not told: a Location names the outer one. */
export const forward = (
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  path: string,
  { inner, outer }: Onward,
): Promise<true> =>
  new Promise((resolve, reject) => {
    const { host: _host, connection: _connection, ...headers } = request.headers;
    const onward = send(inner + path, { method: request.method ?? "GET", headers }, (answer) => {
      for (const name of kept) {
        const value = answer.headers[name];
        if (value !== undefined) response.setHeader(name, value);
      }
      const { location } = answer.headers;
      if (location !== undefined) response.setHeader("location", location.replace(inner, outer));
      response.statusCode = answer.statusCode ?? 502;
      pipeline(answer, response).then(() => resolve(true), reject);
    });
    onward.on("error", reject);
    pipeline(request, onward).catch(reject);
  });
