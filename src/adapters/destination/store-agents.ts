import type { lookup } from "node:dns";
import type { Agent } from "node:http";
import { isLoopbackHost } from "../outgoing/address-kind.ts";
import { guardedAgents, type Reach } from "../outgoing/guarded-agents.ts";

/**
 * Which hosts may be named is the policy's matter (storage-url.ts). Those may lie in private networks, for there the
 * private endpoints of storage accounts are; but only a host that says so is this machine.
 */
export const storeReach: Reach = { allows: (kind, host) => kind === "private" || isLoopbackHost(host) };

/** What makes the connections to stores, by container URL. */
export const storeAgents = (resolve?: typeof lookup): ((url: string) => Agent | undefined) => {
  const { http, https } = guardedAgents(storeReach, resolve);
  return (url) => (hasProxy() ? undefined : url.startsWith("https:") ? https : http);
};

/** A proxy looks names up itself, and an agent of ours would go around it. */
const hasProxy = (): boolean =>
  ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].some((name) => process.env[name] || process.env[name.toLowerCase()]);
