import { isIP } from "node:net";
import { refuse, type Refusal } from "../../domain/errors.ts";
import { isAddress, isLoopbackHost } from "../outgoing/address-kind.ts";
import { isNamed } from "../outgoing/outgoing-url.ts";

/** Which containers' URLs a caller may name, and for which Lifeboat logs in by itself. */
export interface StoragePolicy {
  /** `host`, `host:port`, or `.suffix` for all hosts below it. */
  readonly storageHosts: readonly string[];
  /** Plain http, and only to this machine. */
  readonly allowHttpStorage: boolean;
  /**
   * Containers that Lifeboat's own identity opens when no SAS is given. One that ends with "/" stands for all of the
   * account's: everybody who may name a destination then works with this identity's rights.
   */
  readonly identityContainers: readonly string[];
}

/** Throws DestinationRefused unless `container`, an http(s) URL without its query, is one a caller may name. */
export const checkStorageUrl = (container: string, policy: StoragePolicy): URL => {
  const url = new URL(container);
  const problem = urlProblem(url) ?? hostProblem(url, policy) ?? pathProblem(url);
  if (problem !== undefined) throw refused(container, problem);
  return url;
};

/** Without a SAS: whether Lifeboat's own identity is meant for this container. Never for what merely has an allowed host. */
export const isForIdentity = (container: string, { identityContainers }: StoragePolicy): boolean => {
  const asked = container.toLowerCase();
  return identityContainers
    .map((text) => text.toLowerCase())
    .some((meant) => (meant.endsWith("/") ? asked.startsWith(meant) : asked === meant));
};

export const refused = (url: string, reason: string): Refusal => refuse("DestinationRefused", { url, reason });

const urlProblem = (url: URL): string | undefined => {
  if (url.username !== "" || url.password !== "") return "it holds a user name or password. Use a SAS.";
  if (url.search !== "" || url.hash !== "")
    return "it holds more than a container's path. Paste the container's SAS URL.";
  return undefined;
};

const hostProblem = (url: URL, { storageHosts, allowHttpStorage }: StoragePolicy): string | undefined => {
  const { protocol, hostname, host } = url;
  if (protocol === "http:") {
    if (!isLoopbackHost(hostname)) return "plain http shows the SAS to everybody on the way. Use https.";
    return allowHttpStorage
      ? undefined
      : "plain http to this machine is off. Set LIFEBOAT_ALLOW_HTTP_STORAGE to allow it.";
  }
  if (protocol !== "https:") return `its scheme is ${protocol} Expected https: or file:.`;
  if (isAddress(hostname, "forbidden")) return "link-local and reserved addresses are never allowed.";
  return isNamed(url, storageHosts)
    ? undefined
    : `the host ${host} is not one of LIFEBOAT_STORAGE_HOSTS (${storageHosts.join(", ")}).`;
};

/** One segment is the container; stores addressed by path, as emulators are, have the account before it. */
const pathProblem = ({ pathname, hostname }: URL): string | undefined => {
  const segments = pathname.split("/").slice(1);
  const most = isIP(hostname.replace(/^\[|\]$/g, "")) !== 0 || isLoopbackHost(hostname) ? 2 : 1;
  if (segments.length > most || segments.some((segment) => !/^[$A-Za-z0-9-]+$/.test(segment)))
    return "its path is not a container's name. Expected https://ACCOUNT/CONTAINER.";
  return undefined;
};
