import { lookup } from "node:dns";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { LookupFunction } from "node:net";
import { isLinkLocal, isLoopback } from "./storage-url.ts";

/** Looks names up as `resolve` does (dns.lookup), and refuses those that lead where no store may be. */
const guarded =
  (resolve: typeof lookup): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, "", 4);
      if (addresses.some(({ address }) => isForbidden(hostname, address)))
        return callback(new ForbiddenAddress(hostname), "", 4);
      if (options.all === true) return callback(null, addresses);
      const first = addresses[0];
      if (first === undefined) return callback(new Error(`${hostname} has no address.`), "", 4);
      callback(null, first.address, first.family);
    });
  };

export const isForbidden = (hostname: string, address: string): boolean =>
  isLinkLocal(address) ||
  (!isLoopback(hostname) && (isLoopback(address) || /^0\.|^::$|^::ffff:(?:127\.|7f|0\.)/.test(address.toLowerCase())));

export class ForbiddenAddress extends Error {
  readonly code = "ERR_FORBIDDEN_ADDRESS";

  constructor(hostname: string) {
    super(`${hostname} leads to an address of this machine or a link-local one.`);
    this.name = "ForbiddenAddress";
  }
}

/**
 * Makes connections to stores. A name that leads to this machine or to a link-local address is refused when it is looked
 * up, at the moment of connecting: whoever holds a name can let it point elsewhere after it was checked. Other private
 * addresses are where private endpoints of storage accounts live.
 */
export const guardedAgents = (
  resolve: typeof lookup = lookup,
): { readonly http: HttpAgent; readonly https: HttpsAgent } => {
  const options = { keepAlive: true, lookup: guarded(resolve) };
  return { http: new HttpAgent(options), https: new HttpsAgent(options) };
};

const agents = guardedAgents();

/** Undefined where a proxy stands between: then it looks names up, and an agent of ours would go around it. */
export const guardedAgent = (url: string): HttpAgent | undefined => {
  const hasProxy = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].some(
    (name) => process.env[name] || process.env[name.toLowerCase()],
  );
  if (hasProxy) return undefined;
  return url.startsWith("https:") ? agents.https : agents.http;
};
