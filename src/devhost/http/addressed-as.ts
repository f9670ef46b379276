import type { IncomingMessage } from "node:http";
import type { HttpCall, Scheme } from "./http-call.ts";

/** How a caller addressed the host: what links in answers have to begin with. */
export type Address = { readonly scheme: Scheme; readonly host: string };

/** Addresses of proxies in front of the host, without a port. */
export type Proxies = ReadonlySet<string>;

const first = (value: string | readonly string[] | undefined): string =>
  (typeof value === "string" ? value : (value?.[0] ?? "")).split(",")[0]?.trim() ?? "";

/** IPv4 addresses arrive in IPv6's clothes where a socket listens to both. */
const plain = (address: string | undefined): string => (address ?? "").replace(/^::ffff:/i, "");

/**
 * A proxy that is trusted tells how it was addressed, by `x-forwarded-proto` and `x-forwarded-host`; from anybody else
 * these headers count for nothing, and neither does a value that could not be a scheme or a host.
 */
export const addressedAs = ({ request, scheme }: Pick<HttpCall, "request" | "scheme">, proxies: Proxies): Address => {
  const own = { scheme, host: request.headers.host || "localhost" };
  if (!proxies.has(plain(request.socket.remoteAddress))) return own;
  const proto = first(request.headers["x-forwarded-proto"]).toLowerCase();
  const host = first(request.headers["x-forwarded-host"]);
  return {
    scheme: proto === "http" || proto === "https" ? proto : own.scheme,
    host: isHost(host) ? host : own.host,
  };
};

/** Whether the text can be the host of a URL: a name or address, perhaps with a port, and nothing else. */
const isHost = (text: string): boolean =>
  /^(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(text) && URL.canParse(`http://${text}`);

/** False when the caller says he addresses what nobody can: HTTP wants a 400 for that. */
export const namesHost = ({ headers }: Pick<IncomingMessage, "headers">): boolean =>
  headers.host === undefined || headers.host === "" || isHost(headers.host);
