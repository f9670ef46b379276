import { isIP } from "node:net";
import { refuse, type Refusal } from "../../domain/errors.ts";

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
    if (!isLoopback(hostname)) return "plain http shows the SAS to everybody on the way. Use https.";
    return allowHttpStorage
      ? undefined
      : "plain http to this machine is off. Set LIFEBOAT_ALLOW_HTTP_STORAGE to allow it.";
  }
  if (protocol !== "https:") return `its scheme is ${protocol} Expected https: or file:.`;
  if (isLinkLocal(hostname)) return "link-local addresses are never allowed.";
  const isNamed = storageHosts.some((allowed) =>
    allowed.startsWith(".")
      ? host.endsWith(allowed.toLowerCase()) && host.length > allowed.length
      : host === allowed.toLowerCase(),
  );
  return isNamed ? undefined : `the host ${host} is not one of LIFEBOAT_STORAGE_HOSTS (${storageHosts.join(", ")}).`;
};

/** One segment is the container; stores addressed by path, as emulators are, have the account before it. */
const pathProblem = ({ pathname, hostname }: URL): string | undefined => {
  const segments = pathname.split("/").slice(1);
  const most = isIP(bare(hostname)) !== 0 || isLoopback(hostname) ? 2 : 1;
  if (segments.length > most || segments.some((segment) => !/^[$A-Za-z0-9-]+$/.test(segment)))
    return "its path is not a container's name. Expected https://ACCOUNT/CONTAINER.";
  return undefined;
};

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");

export const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || /^127\.\d+\.\d+\.\d+$/.test(hostname) || bare(hostname) === "::1";

/** Where clouds keep their machines' secrets. URL has normalized every spelling of an address by now. */
export const isLinkLocal = (hostname: string): boolean => {
  const address = bare(hostname).toLowerCase();
  return (
    /^169\.254\.|^168\.63\.129\.16$|^fe[89ab][0-9a-f]:|^::ffff:a9fe:|^::ffff:169\.254\./.test(address) ||
    address === "fd00:ec2::254"
  );
};
