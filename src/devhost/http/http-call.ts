import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpFunction } from "./http-function.ts";
import type { RouteValues } from "./match-route.ts";
import type { RequestPath } from "./request-path.ts";

export type Scheme = "http" | "https";

/** A request for which a function was found. */
export type HttpCall = {
  readonly target: HttpFunction;
  readonly values: RouteValues;
  readonly path: RequestPath;
  readonly scheme: Scheme;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
};
