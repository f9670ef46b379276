import type { ApiRequest } from "../request.ts";

/**
 * Where a request comes from, by `x-forwarded-for`: the host in front (Azure's, or the one on this machine) appends who
 * spoke to it. Proxies that are configured are believed, and so the last address that is none of them counts; what stands
 * before that anybody may have written.
 */
export const sourceOf = ({ headers }: Pick<ApiRequest, "headers">, proxies: ReadonlySet<string>): string => {
  const hops = (headers.get("x-forwarded-for") ?? "").split(",").map(address);
  return hops.findLast((hop) => hop !== "" && !proxies.has(hop)) ?? hops.findLast((hop) => hop !== "") ?? "unknown";
};

/** Without the port that Azure writes behind it, and IPv4 without IPv6's clothes. */
const address = (hop: string): string => {
  const text = hop.trim().toLowerCase();
  const bare = /^\[([0-9a-f:.]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return bare.replace(/^::ffff:/, "").slice(0, 100);
};
