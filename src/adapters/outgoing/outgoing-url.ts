import { isAddress, isLoopbackHost } from "./address-kind.ts";
import type { Reach } from "./guarded-agents.ts";

export interface OutgoingPolicy {
  /** Hosts that may lie in a private network or be this machine: `host`, `host:port`, or `.suffix` for all below it. */
  readonly privateHosts: readonly string[];
}

/**
 * Why this URL may not be one that Lifeboat sends news to (a webhook, a heartbeat); undefined when it may. For the moment
 * when somebody names it: where its host really leads is judged at each connection (`sendOutgoing`).
 */
export const outgoingProblem = (text: string, policy: OutgoingPolicy): string | undefined => {
  if (!URL.canParse(text)) return "it is not a URL. Expected https://HOST/PATH.";
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return `its scheme is ${url.protocol} Expected https:.`;
  if (url.username !== "" || url.password !== "") return "it holds a user name or password. Send a token in a header.";
  if (isAddress(url.hostname, "forbidden")) return "link-local and reserved addresses are never allowed.";
  if (isNamed(url, policy.privateHosts)) return undefined;
  if (isLoopbackHost(url.hostname) || isAddress(url.hostname, "private"))
    return `${url.host} is in a private network. Only what LIFEBOAT_PRIVATE_HOSTS names, port included, may be reached there.`;
  return url.protocol === "http:" ? "plain http shows it to everybody on the way. Use https." : undefined;
};

/** Whether the URL's host is one of the list. */
export const isNamed = ({ host }: Pick<URL, "host">, hosts: readonly string[]): boolean =>
  hosts
    .map((allowed) => allowed.toLowerCase())
    .some((allowed) =>
      allowed.startsWith(".") ? host.endsWith(allowed) && host.length > allowed.length : host === allowed,
    );

/** Private networks and this machine only for the hosts that the setting names. */
export const outgoingReach = (url: URL, { privateHosts }: OutgoingPolicy): Reach => ({
  allows: () => isNamed(url, privateHosts),
});
