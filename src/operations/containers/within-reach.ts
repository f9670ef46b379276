import { reaches } from "../../domain/caller.ts";
import { parseConnectionString } from "../../domain/connections/connection-string.ts";
import type { ContainerAccess } from "../../domain/container-url.ts";
import { engineOf } from "../../domain/database.ts";
import { refuse } from "../../domain/errors.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import type { DatabaseWish } from "../databases/database-wishes.ts";
import type { Installation } from "../installation.ts";
import { readBackups } from "../rows/backup-rows.ts";
import { containerKey } from "../rows/keys.ts";
import { ownerOfName } from "../rows/name-rows.ts";
import { askContainer } from "./credentials.ts";
import { whereTo } from "./where-to.ts";

/**
 * Whoever is limited to sites must not reach the others by what a body names: another target, a container that other
 * sites' backups lie in. The path's own site has been checked before.
 */
export const checkReach = (call: Call, site: SiteId): void => {
  if (!reaches(call.reach, site)) throw refuse("SiteNotReached", { caller: call.caller, site: siteLabel(site) });
};

/**
 * A connection string of the caller's own has to bring a login of his own. Through a socket of this machine, or with the
 * token of its identity, it would be Lifeboat itself who is let in, to the databases of every site. For wishes that
 * `checkWishes` has let pass.
 */
export const checkDatabaseReach = (call: Call, wishes: readonly DatabaseWish[]): void => {
  if (call.reach === "all") return;
  for (const { name, type, connectionString } of wishes) {
    if (connectionString === undefined) continue;
    const { signIn, host, others } = parseConnectionString(connectionString, engineOf(type));
    const isLocal = [host, ...others.map((other) => other.host)].some((one) => one.startsWith("/"));
    if (signIn !== "password" || isLocal) throw refuse("DatabaseNotReached", { caller: call.caller, database: name });
  }
};

/**
 * The site's own connection strings are used whatever they say, so they may not come out of an archive that the caller may
 * have written himself: to a recovery key of his own he can seal what he likes. One that is known is checked, when it is
 * opened, to be the one that was written.
 */
export const checkConfigurationReach = (
  call: Call,
  { blob, isKnown }: { readonly blob: string; readonly isKnown: boolean },
): void => {
  if (call.reach === "all" || isKnown) return;
  throw refuse("ConfigurationNotReached", { caller: call.caller, blob: blob.slice(0, 200) });
};

interface Named {
  readonly site: SiteDefinition;
  readonly access: ContainerAccess;
}

/**
 * A container may be named where the site's backups go or lie anyway; any other one only with a credential of the
 * caller's own that it accepts. What is kept for other callers opens nothing for him.
 */
export const checkContainerReach = async (deps: Installation, call: Call, named: Named): Promise<void> => {
  if (call.reach === "all" || (await isOfSite(deps, named)) || (await bringsAccess(deps, named.access))) return;
  throw refuse("ContainerNotReached", {
    caller: call.caller,
    url: named.access.container,
    site: siteLabel(named.site.id),
  });
};

const isOfSite = async (deps: Installation, { site, access }: Named): Promise<boolean> => {
  const usual = await whereTo(deps, site, {});
  const backups = await readBackups(deps.catalog, site.id);
  const own = new Set([usual.container, ...backups.map(({ destination }) => destination)].map(containerKey));
  return own.has(containerKey(access.container));
};

const bringsAccess = async (deps: Installation, { container, credential }: ContainerAccess): Promise<boolean> => {
  if (credential === undefined) return false;
  try {
    await askContainer(await deps.destinations.open(container, credential));
    return true;
  } catch (error) {
    if (isStoreFailure(error)) return false;
    throw error;
  }
};

interface Archive {
  /** As the request named the container, with its own credential or none. */
  readonly access: ContainerAccess;
  /** The archive's name without ".zip". */
  readonly blobBase: string;
}

/**
 * Containers may be shared. What nobody here has written may be of any site, so that whoever is limited reads it only with
 * access of his own.
 */
export const mayReadArchive = async (
  deps: Pick<Installation, "catalog">,
  { reach }: Pick<Call, "reach">,
  { access, blobBase }: Archive,
): Promise<boolean> => {
  if (reach === "all") return true;
  const owner = await ownerOfName(deps.catalog, { container: access.container, blobBase });
  return owner === undefined ? access.credential !== undefined : reaches(reach, owner);
};

/** The same answer whether the archive exists or not. */
export const checkArchiveReach = async (
  deps: Pick<Installation, "catalog">,
  call: Call,
  archive: Archive,
): Promise<void> => {
  if (!(await mayReadArchive(deps, call, archive)))
    throw refuse("ArchiveNotReached", { caller: call.caller, blob: archive.blobBase.slice(0, 200) });
};
