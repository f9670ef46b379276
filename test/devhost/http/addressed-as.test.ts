import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { addressedAs, namesHost } from "../../../src/devhost/http/addressed-as.ts";

const asked = (headers: IncomingMessage["headers"], remoteAddress: string, proxies: readonly string[]) => {
  // Safe: the function looks at nothing else of a request.
  const request = { headers: { host: "own:7071", ...headers }, socket: { remoteAddress } } as IncomingMessage;
  const { scheme, host } = addressedAs({ request, scheme: "http" }, new Set(proxies));
  return `${scheme}://${host}`;
};
const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "backup.example" };

describe("a host header", () => {
  it.each(["a", "a.example:8443", "[::1]:7071", "127.0.0.1", "under_score", ""])("%j names one", (host) => {
    expect(namesHost({ headers: { host } })).toBe(true);
  });

  it.each(["a b", "a/b", "user@evil.example", "[", "x:99999", "x:", "a?b", "a#b", "[::1", "1.2.3.4.5:1"])(
    "%j names none",
    (host) => {
      expect(namesHost({ headers: { host } })).toBe(false);
    },
  );
});

describe("how the host was addressed", () => {
  it("is told by the proxies it was told to trust", () => {
    expect(asked(forwarded, "10.0.0.5", ["10.0.0.5"])).toBe("https://backup.example");
    expect(asked(forwarded, "::ffff:10.0.0.5", ["10.0.0.5"])).toBe("https://backup.example");
    expect(asked(forwarded, "fd00::1", ["fd00::1"])).toBe("https://backup.example");
  });

  it("is not for anybody else to say", () => {
    expect(asked(forwarded, "10.0.0.6", ["10.0.0.5"])).toBe("http://own:7071");
    expect(asked(forwarded, "127.0.0.1", [])).toBe("http://own:7071");
  });

  it("is what the first proxy of several saw", () => {
    const chain = { "x-forwarded-proto": "HTTPS, http", "x-forwarded-host": "a.example:8443, b.example" };
    expect(asked(chain, "10.0.0.5", ["10.0.0.5"])).toBe("https://a.example:8443");
  });

  it.each([
    {},
    { "x-forwarded-proto": "javascript", "x-forwarded-host": "a/b" },
    { "x-forwarded-proto": "", "x-forwarded-host": "a b" },
    { "x-forwarded-host": "user@evil.example" },
  ])("is its own where a trusted proxy says nothing sensible: %j", (headers) => {
    expect(asked(headers, "10.0.0.5", ["10.0.0.5"])).toBe("http://own:7071");
  });
});
