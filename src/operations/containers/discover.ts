import { zipName } from "../../domain/backup.ts";
import type { ContainerAccess } from "../../domain/container-url.ts";
import { refuse } from "../../domain/errors.ts";
import type { Secret } from "../../domain/secret.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import type { Call } from "../../ports/call.ts";
import type { Destination, StoredObject } from "../../ports/destination.ts";
import { rememberCredential, withCredential } from "./credentials.ts";
import { describePair, openPair, type FoundBackup, type Pair } from "./found-backup.ts";
import { siteOrName } from "../find-site.ts";
import type { Installation } from "../installation.ts";
import { ownerOfName } from "../rows/name-rows.ts";
import { severalAtATime } from "../several-at-a-time.ts";
import { whereTo } from "./where-to.ts";
import { checkArchiveReach, checkContainerReach, mayReadArchive } from "./within-reach.ts";

export interface DiscoverWish {
  /** Default: where the site's backups go. */
  readonly storageAccountUrl?: Secret;
  /** One archive, which is then opened too; its ".zip" may be missing. Without it: all that the container holds. */
  readonly blobName?: string;
  /** How many of the newest are described; the others are only counted. Default 100. */
  readonly limit?: number;
}

export interface Discovery {
  readonly access: ContainerAccess;
  /** Newest first. */
  readonly found: readonly FoundBackup[];
  /** How many there are, described or not. */
  readonly total: number;
}

const defaultLimit = 100;
const atATime = 8;

/**
 * What a container holds, whoever wrote it: nothing of it need be in the catalog, nor need the site exist. Afterwards a
 * restore may name the container without its SAS.
 */
export const discoverBackups =
  (deps: Installation) =>
  async (call: Call, site: SiteId, wish: DiscoverWish): Promise<Discovery> => {
    const { asked, access } = await containerOf(deps, call, { site, wish });
    const mayRead = (blobBase: string): Promise<boolean> => mayReadArchive(deps, call, { access: asked, blobBase });
    try {
      if (wish.blobName !== undefined)
        await checkArchiveReach(deps, call, { access: asked, blobBase: baseOf(wish.blobName) });
      const destination = await deps.destinations.open(access.container, access.credential);
      const discovery =
        wish.blobName === undefined
          ? await discoverAll(deps, destination, { access, limit: wish.limit ?? defaultLimit, mayRead })
          : await discoverOne(deps, destination, { access, blob: wish.blobName });
      await rememberCredential(deps, access);
      call.log.info("container looked through", {
        site: siteLabel(site),
        container: access.container,
        found: discovery.total,
        caller: call.caller,
      });
      return discovery;
    } catch (error) {
      if (!isStoreFailure(error)) throw error;
      throw refuse("DestinationUnavailable", { url: access.container, reason: error.message }, { cause: error });
    }
  };

/** The container with what the request itself brings, and with the credential that is kept where it brings none. */
const containerOf = async (
  deps: Installation,
  call: Call,
  { site: id, wish }: { readonly site: SiteId; readonly wish: DiscoverWish },
): Promise<{ readonly asked: ContainerAccess; readonly access: ContainerAccess }> => {
  const site = await siteOrName(deps, id);
  const named = await whereTo(deps, site, wish);
  await checkContainerReach(deps, call, { site, access: named });
  const asked = wish.storageAccountUrl === undefined ? { container: named.container } : named;
  return { asked, access: await withCredential(deps, named) };
};

interface Looking {
  readonly access: ContainerAccess;
  readonly limit: number;
  readonly mayRead: (blobBase: string) => Promise<boolean>;
}

const discoverAll = async (
  deps: Installation,
  destination: Destination,
  { access, limit, mayRead }: Looking,
): Promise<Discovery> => {
  const all = await pairsIn(destination);
  const isReadable = await severalAtATime(all, atATime, ({ base }) => mayRead(base));
  const pairs = all.filter((_, index) => isReadable[index]).toSorted((one, other) => modified(other) - modified(one));
  const described = await severalAtATime(pairs.slice(0, limit), atATime, async (pair) => {
    const found = await describePair(destination, pair);
    return found && withOwner(deps, access.container, pair, found);
  });
  const found = described.filter((one) => one !== undefined);
  return { access, found, total: pairs.length - (described.length - found.length) };
};

const modified = ({ zip, manifest }: Pair): number => (zip ?? manifest)?.modified.getTime() ?? 0;

/** Zips and the XML files of the same name. */
const pairsIn = async (destination: Destination): Promise<readonly Pair[]> => {
  const pairs = new Map<string, Pair>();
  for await (const object of destination.list("")) {
    const [, base, extension] = /^(.+)\.(zip|xml)$/s.exec(object.name) ?? [];
    if (base === undefined) continue;
    const pair = pairs.get(base) ?? { base };
    pairs.set(base, extension === "zip" ? { ...pair, zip: object } : { ...pair, manifest: object });
  }
  return [...pairs.values()];
};

const baseOf = (blob: string): string => blob.trim().replace(/\.(zip|xml)$/i, "");

const discoverOne = async (
  deps: Installation,
  destination: Destination,
  { access, blob }: { readonly access: ContainerAccess; readonly blob: string },
): Promise<Discovery> => {
  const base = baseOf(blob);
  const head = async (extension: string): Promise<StoredObject | undefined> => destination.head(`${base}.${extension}`);
  const [zip, manifest] = await Promise.all([head("zip"), head("xml")]);
  if (zip === undefined)
    throw refuse("ArchiveUnreadable", {
      blob: zipName(base),
      reason: `it is not in ${access.container}. Discovering without blobName (lifeboat discover) tells what is.`,
    });
  const pair: Pair = { base, zip, ...(manifest === undefined ? {} : { manifest }) };
  const described = await describePair(destination, pair);
  if (described === undefined) return { access, found: [], total: 0 };
  const opened = await openPair(destination, pair, described);
  return { access, found: [await withOwner(deps, access.container, pair, opened)], total: 1 };
};

const withOwner = async (
  deps: Installation,
  container: string,
  { base }: Pair,
  found: FoundBackup,
): Promise<FoundBackup> => {
  const owner = await ownerOfName(deps.catalog, { container, blobBase: base });
  return owner === undefined ? found : { ...found, owner };
};
