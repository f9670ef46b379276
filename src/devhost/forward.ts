import { request as send, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

const kept = ["content-type", "location", "retry-after", "x-ms-continuation-token"];

/** Passes a request on to a server of this process and its answer back. */
export const forward = (request: IncomingMessage, response: ServerResponse, url: string): Promise<true> =>
  new Promise((resolve, reject) => {
    const { host: _host, connection: _connection, ...headers } = request.headers;
    const onward = send(url, { method: request.method ?? "GET", headers }, (answer) => {
      for (const name of kept) {
        const value = answer.headers[name];
        if (value !== undefined) response.setHeader(name, value);
      }
      response.statusCode = answer.statusCode ?? 502;
      pipeline(answer, response).then(() => resolve(true), reject);
    });
    onward.on("error", reject);
    pipeline(request, onward).catch(reject);
  });
