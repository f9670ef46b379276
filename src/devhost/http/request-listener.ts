import type { IncomingMessage, ServerResponse } from "node:http";
import { HostFailure } from "../host-failure.ts";
import type { Scheme } from "./http-call.ts";
import { answerEmpty, type HttpHandler } from "./http-handler.ts";
import type { Log } from "../log.ts";

/** Runs each request through the handler, once there is one; what goes wrong ends as an empty 500 and a log line. */
export const requestListener = (handler: Promise<HttpHandler>, log: Log) => {
  const failed = (response: ServerResponse, error: unknown): void => {
    const detail = error instanceof Error && !(error instanceof HostFailure) ? error.stack : undefined;
    log("error", "Host.Http", `A request failed: ${detail ?? String(error)}`);
    if (response.headersSent) response.destroy();
    else answerEmpty(response, 500);
  };
  let handle: HttpHandler = async (...call) => {
    handle = await handler;
    return handle(...call);
  };
  return (request: IncomingMessage, response: ServerResponse, scheme: Scheme): void => {
    handle(request, response, scheme).catch((error: unknown) => failed(response, error));
  };
};
