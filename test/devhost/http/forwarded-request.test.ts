import { expect, it } from "vitest";
import { triggerMetadata } from "../../../src/devhost/http/forwarded-request.ts";
import type { HttpCall } from "../../../src/devhost/http/http-call.ts";

const headersSeen = (rawHeaders: readonly string[], remoteAddress: string | undefined): unknown => {
  // Safe: nothing else of a call is looked at.
  const call = {
    values: {},
    path: { search: "" },
    request: { rawHeaders, socket: { remoteAddress } },
  } as never as HttpCall;
  const headers = triggerMetadata(call)["Headers"];
  return headers !== undefined && "json" in headers ? JSON.parse(String(headers.json))["x-forwarded-for"] : undefined;
};

it.each([
  [[], "127.0.0.1", "127.0.0.1"],
  [[], "::ffff:127.0.0.1", "127.0.0.1"],
  [[], "::1", "::1"],
  [["X-Forwarded-For", "1.1.1.1"], "127.0.0.1", "1.1.1.1, 127.0.0.1"],
  [["X-Forwarded-For", "1.1.1.1", "x-forwarded-for", "2.2.2.2"], "127.0.0.1", "1.1.1.1,2.2.2.2, 127.0.0.1"],
  [[], undefined, ""],
])("whoever spoke to the host stands last in x-forwarded-for: %j from %s", (rawHeaders, peer, expected) => {
  expect(headersSeen(rawHeaders, peer)).toBe(expected);
});
