import { expect, it } from "vitest";
import { sourceOf } from "../../../src/api/callers/source-of.ts";

const proxies = new Set(["10.0.0.1", "10.0.0.2", "fd00::1"]);
const source = (forwarded: string | undefined): string =>
  sourceOf({ headers: new Headers(forwarded === undefined ? {} : { "x-forwarded-for": forwarded }) }, proxies);

it.each([
  ["203.0.113.5", "203.0.113.5", "whoever spoke to the host"],
  ["203.0.113.5:49152", "203.0.113.5", "without Azure's port"],
  ["[2001:db8::5]:49152", "2001:db8::5", "without Azure's port"],
  ["2001:DB8::5", "2001:db8::5", "in one spelling"],
  ["::ffff:203.0.113.5", "203.0.113.5", "in one spelling"],
  ["1.1.1.1, 203.0.113.5", "203.0.113.5", "not what he claims"],
  ["10.0.0.1, 203.0.113.5", "203.0.113.5", "not the proxy he claims to be"],
  ["203.0.113.5, 10.0.0.1", "203.0.113.5", "whom a proxy names"],
  ["1.1.1.1, 203.0.113.5, 10.0.0.2, 10.0.0.1", "203.0.113.5", "whom proxies in a row name"],
  ["2001:db8::5, fd00::1", "2001:db8::5", "whom a proxy names"],
  ["10.0.0.1", "10.0.0.1", "the proxy itself"],
  [" , 203.0.113.5 ,, ", "203.0.113.5", "blanks aside"],
  ["", "unknown", "nobody tells"],
  [undefined, "unknown", "nobody tells"],
])("a request with x-forwarded-for %j comes from %s: %s", (forwarded, expected, _why) => {
  expect(source(forwarded)).toBe(expected);
});

it("is a short text, whatever was sent", () => {
  expect(source("x".repeat(10_000))).toHaveLength(100);
});
