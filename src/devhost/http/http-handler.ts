import type { IncomingMessage, ServerResponse } from "node:http";
import type { Administration } from "./administration.ts";
import { namesHost } from "./addressed-as.ts";
import { announcesTooMuch } from "./body-limit.ts";
import { type Keys, presentedKey } from "./keys.ts";
import type { Scheme } from "./http-call.ts";
import type { HttpFunction } from "./http-function.ts";
import { parseRequestPath, type RequestPath } from "./request-path.ts";
import type { RouteTable } from "./route-table.ts";
import type { HttpRunner } from "./run-http-function.ts";

export type HttpHandler = (request: IncomingMessage, response: ServerResponse, scheme: Scheme) => Promise<void>;

type HttpHandlerOptions = {
  readonly routes: RouteTable;
  readonly run: HttpRunner;
  readonly keys: Keys;
  readonly administration: Administration;
  readonly bodyLimitBytes: number;
  readonly homePage: boolean;
};

/** Answers with an empty body. */
export const answerEmpty = (response: ServerResponse, status: number, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { "content-length": "0", ...headers }).end();
};

const home = "<!doctype html><title>Functions host</title><p>The functions host is up and running.</p>\n";

const isAllowed = (keys: Keys, target: HttpFunction, request: IncomingMessage, path: RequestPath): boolean => {
  if (target.authLevel === "anonymous") return true;
  const grant = keys.grant(presentedKey(request.headers, path.search), target.name);
  return grant === "master" || (target.authLevel === "function" && (grant === "host" || grant === "function"));
};

/** Decides what answers a request: the host itself, a function, or nobody. */
export const createHttpHandler = (options: HttpHandlerOptions): HttpHandler => {
  const { routes, run, keys, administration, bodyLimitBytes } = options;
  const noFunction = (path: string, response: ServerResponse): void => {
    if (path !== "/") answerEmpty(response, 404);
    else if (options.homePage) response.writeHead(200, { "content-type": "text/html" }).end(home);
    else answerEmpty(response, 204);
  };
  return async (request, response, scheme) => {
    const path = parseRequestPath(request.url ?? "/");
    if (!path || !namesHost(request)) return answerEmpty(response, 400);
    const administered = administration(request, response, path);
    if (administered) return void (await administered);
    const found = routes(request.method ?? "GET", path.path);
    if (!found) return noFunction(path.path, response);
    if (!isAllowed(keys, found.target, request, path)) return answerEmpty(response, 401);
    if (announcesTooMuch(request, bodyLimitBytes)) return answerEmpty(response, 413);
    await run({ ...found, path, scheme, request, response });
  };
};
