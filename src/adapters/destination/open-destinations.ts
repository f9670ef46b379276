import type { lookup } from "node:dns";
import type { Agent } from "node:http";
import type { TokenCredential } from "@azure/identity";
import type { Secret } from "../../domain/secret.ts";
import type { Destination } from "../../ports/destination.ts";
import type { Destinations } from "../../ports/destinations.ts";
import { blobContainer } from "./blob-container.ts";
import { directoryDestination } from "./directory.ts";
import { checkFolderUrl, realSiteDirectories, type FolderPolicy, type SiteDirectory } from "./folder-url.ts";
import { ownIdentity } from "./own-identity.ts";
import { storeAgents } from "./store-agents.ts";
import { checkStorageUrl, isForIdentity, refused, type StoragePolicy } from "./storage-url.ts";

export interface DestinationPolicy extends StoragePolicy, FolderPolicy {
  /** Default: managed identity and what else `DefaultAzureCredential` finds. */
  readonly identity?: () => Promise<TokenCredential>;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** Default: dns.lookup. */
  readonly resolve?: typeof lookup;
}

/** A run opens its container at every step, and thousands of sites are not looked at again each time. */
const sitesAreKnownForMs = 2_000;

/** Opens what callers name, within the policy (docs/destinations.md). Folders and containers are not contacted yet. */
export const openDestinations = (policy: DestinationPolicy): Destinations => {
  // One for a folder: blocks staged through another one would be copied at the commit.
  const folders = new Map<string, Destination>();
  const agentOf = storeAgents(policy.resolve);
  const now = policy.now ?? (() => performance.now());
  let known: { readonly at: number; readonly sites: readonly SiteDirectory[] } | undefined;
  const sites = async (): Promise<readonly SiteDirectory[]> => {
    if (known === undefined || now() - known.at > sitesAreKnownForMs)
      known = { at: now(), sites: await realSiteDirectories(await policy.siteDirectories()) };
    return known.sites;
  };
  const openFolder = async (container: string): Promise<Destination> => {
    const path = await checkFolderUrl(container, policy, sites);
    const opened = folders.get(path) ?? directoryDestination(path, { isMade: true, isReal: true });
    folders.set(path, opened);
    return opened;
  };
  return {
    open: async (container, credential) =>
      container.startsWith("file:") ? openFolder(container) : openBlobs(container, credential, { policy, agentOf }),
  };
};

const openBlobs = async (
  container: string,
  credential: Secret | undefined,
  { policy, agentOf }: { readonly policy: DestinationPolicy; readonly agentOf: (url: string) => Agent | undefined },
): Promise<Destination> => {
  checkStorageUrl(container, policy);
  const agent = agentOf(container);
  const place = agent === undefined ? { container } : { container, agent };
  if (credential !== undefined) return blobContainer({ ...place, sas: credential });
  if (!isForIdentity(container, policy))
    throw refused(
      container,
      "it has no SAS, and Lifeboat's own identity is not meant for it (LIFEBOAT_IDENTITY_CONTAINERS). Use the container's SAS URL.",
    );
  return blobContainer({ ...place, identity: await (policy.identity ?? ownIdentity)() });
};
