import { app, type HttpRequest, type HttpResponseInit } from "@azure/functions";
import * as df from "durable-functions";
import type { Invocation } from "../api/handle.ts";
import type { ApiRequest } from "../api/request.ts";
import type { ApiResponse } from "../api/response.ts";
import { contextLog } from "./context-log.ts";
import { durableRunner } from "./durable-runner.ts";
import { readBody } from "./read-body.ts";

type Api = (request: ApiRequest, invocation: Invocation) => Promise<ApiResponse>;

/**
 * One function takes every path: ARM's paths ignore case and mean other things than the host's route templates can say,
 * so api/ has its own table. Its name sorts last, because the host tries functions in the order of their names.
 */
export const registerHttp = (api: Api): void => {
  app.setup({ enableHttpStream: true });
  app.http("zApi", {
    route: "{*path}",
    // Lifeboat's own callers decide (design, section 5), not the Functions keys.
    authLevel: "anonymous",
    methods: ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"],
    extraInputs: [df.input.durableClient()],
    handler: async (request, context) => {
      return toInit(
        await api(apiRequest(request), {
          requestId: context.invocationId,
          // Most requests start nothing, and making the client costs a parse of its binding.
          get runner() {
            return durableRunner(context);
          },
          log: contextLog(context),
        }),
      );
    },
  });
};

const apiRequest = (request: HttpRequest): ApiRequest => ({
  method: request.method,
  url: new URL(request.url),
  headers: request.headers,
  text: (limit) => textOf(request, limit),
});

/** The body has to arrive within this time: requests to the API are small. */
const bodyWithinMs = 60_000;

const textOf = async ({ body }: HttpRequest, bytes: number): Promise<string> =>
  body === null
    ? ""
    : // The SDK types the body as unknown chunks; in stream mode they are bytes.
      readBody(body as unknown as AsyncIterable<Uint8Array>, { bytes, withinMs: bodyWithinMs });

const toInit = ({ status, headers, body }: ApiResponse): HttpResponseInit => ({
  status,
  headers,
  ...(body === undefined ? {} : { body }),
});
