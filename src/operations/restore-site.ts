import { isRestorable, nameProblem, zipName, type Backup } from "../domain/backup.ts";
import { parseContainerUrl } from "../domain/container-url.ts";
import { refuse } from "../domain/errors.ts";
import { recoveryContext } from "../domain/recovery-context.ts";
import type { Secret } from "../domain/secret.ts";
import { isSiteName, parseSiteName, siteKey, siteLabel, siteWithSlot, type SiteId } from "../domain/site.ts";
import type { Call } from "../ports/call.ts";
import type { SiteDefinition } from "../ports/sites.ts";
import { rememberCredential } from "./credentials.ts";
import {
  checkWishes,
  keepDatabases,
  openStrings,
  type ConnectionStrings,
  type DatabaseWish,
} from "./databases/database-wishes.ts";
import { siteNotFound } from "./find-site.ts";
import type { Installation } from "./installation.ts";
import { findBackup } from "./read-backups.ts";
import { readBackups } from "./rows/backup-rows.ts";
import { backupKey, containerKey, operationKey } from "./rows/keys.ts";
import { ownerOfName } from "./rows/name-rows.ts";
import type { Operation, RestoreRequest } from "./rows/operation-rows.ts";
import { runId } from "./start-run.ts";
import { takeSite } from "./take-site.ts";
import {
  checkArchiveReach,
  checkConfigurationReach,
  checkContainerReach,
  checkDatabaseReach,
  checkReach,
} from "./within-reach.ts";

export interface RestoreWish {
  readonly storageAccountUrl?: Secret;
  /** The zip's name; ".zip" is added where it is missing. */
  readonly blobName?: string;
  /** Chooses the backup only where no blob is named: clients send 0 or 1 whatever they restore. */
  readonly backup?: number;
  readonly overwrite: boolean;
  readonly siteName?: string;
  readonly paths: readonly string[];
  /** Undefined: for a new site yes, for one that exists no. */
  readonly configuration?: boolean;
  /** Those of the backup that come back; without any, none does. */
  readonly databases?: readonly DatabaseWish[];
  /** The site's connection strings of restored databases become those by which these were reached. */
  readonly adjustConnectionStrings?: boolean;
  /** Own extension: the site's files stay as they are. */
  readonly databasesOnly?: boolean;
  readonly quick: boolean;
  readonly allowOutsideLinks: boolean;
  /** Own extension: an archive that the catalog does not know is trusted with what its dumps make a server do. */
  readonly allowUnknownDumps?: boolean;
  readonly recoveryKey?: Secret;
}

/** Takes the target site and starts its restore; a target that does not exist is made when overwrite is false. */
export const restoreSite =
  (deps: Installation) =>
  async (
    call: Call,
    pathSite: SiteId,
    wish: RestoreWish,
  ): Promise<{ readonly site: SiteDefinition; readonly operation: Operation }> => {
    checkReach(call, targetId(pathSite, wish.siteName));
    checkDatabaseWishes(call, wish);
    const source = await sourceOf(deps, call, { pathSite, wish });
    const wanted = await wantedTarget(deps, pathSite, wish);
    const isNew = wanted.site === undefined;
    checkConfigurationWish(call, { wish, source, isNew });
    const site = wanted.site ?? (await newSite(deps, wanted.id));
    const operation = await newOperation(deps, { wish, source, target: site.id, isNew });
    await takeSite(deps, call, { site: site.id, operation });
    call.log.info("restore asked", { site: siteLabel(site.id), blob: source.blob, caller: call.caller });
    return { site, operation };
  };

export const checkDatabaseWishes = (call: Call, { databases = [], databasesOnly }: RestoreWish): void => {
  checkWishes(databases);
  checkDatabaseReach(call, databases);
  if (databasesOnly === true && databases.length === 0)
    throw refuse("InvalidField", {
      field: "properties.databases",
      reason: "databasesOnly needs databases to restore.",
    });
};

/** Before anything is made or changed. */
export const checkConfigurationWish = (call: Call, { wish, source, isNew }: Omit<Asked, "target">): void => {
  if (wantsConfiguration(wish, isNew))
    checkConfigurationReach(call, { blob: source.blob, isKnown: source.backup !== undefined });
};

const wantsConfiguration = ({ configuration }: RestoreWish, isNew: boolean): boolean => configuration ?? isNew;

export interface RestoreSource {
  readonly destination: string;
  readonly blob: string;
  readonly backup?: Backup;
}

interface SourceWish {
  readonly pathSite: SiteId;
  readonly wish: Pick<RestoreWish, "storageAccountUrl" | "blobName" | "backup">;
}

/** The archive a restore names, and the backup of ours behind it where there is one. */
export const sourceOf = async (
  deps: Installation,
  call: Call,
  { pathSite, wish }: SourceWish,
): Promise<RestoreSource> => {
  if (wish.storageAccountUrl === undefined) return backupSource(deps, pathSite, wish);
  const access = parseContainerUrl(wish.storageAccountUrl, "properties.storageAccountUrl");
  const site = (await deps.sites.find(pathSite)) ?? { id: pathSite, location: "", tier: "" };
  await checkContainerReach(deps, call, { site, access });
  await deps.destinations.open(access.container, access.credential);
  // A new URL beside a backup's id: the backup may have been copied there, and lies there under its name.
  const blob = wish.blobName ? zipBlob(wish.blobName) : (await backupSource(deps, pathSite, wish)).blob;
  await checkArchiveReach(deps, call, { access, blobBase: blob.replace(/\.zip$/i, "") });
  await rememberCredential(deps, access);
  const backup = await backupBehind(deps, access.container, blob);
  if (backup !== undefined) checkRestorable(backup);
  return { destination: access.container, blob, ...(backup ? { backup } : {}) };
};

/** Which of our backups a blob is, whatever site it is of; undefined for one that this installation did not write. */
const backupBehind = async (deps: Installation, container: string, blob: string): Promise<Backup | undefined> => {
  const owner = await ownerOfName(deps.catalog, { container, blobBase: blob.replace(/\.zip$/i, "") });
  if (owner === undefined) return undefined;
  const rows = await readBackups(deps.catalog, owner);
  return rows.findLast(
    ({ backup }) =>
      backup.status !== "Deleted" &&
      zipName(backup.blobBase) === blob &&
      containerKey(backup.destination) === containerKey(container),
  )?.backup;
};

const checkRestorable = ({ id, site, status }: Backup): void => {
  if (!isRestorable(status)) throw refuse("BackupNotRestorable", { backup: id, site: siteLabel(site), status });
};

const zipBlob = (name: string): string => {
  const problem = nameProblem(name.replace(/\.zip$/i, ""));
  if (problem !== undefined) throw refuse("InvalidField", { field: "properties.blobName", reason: `${problem}.` });
  return /\.zip$/i.test(name) ? name : zipName(name);
};

const backupSource = async (
  deps: Installation,
  site: SiteId,
  wish: Pick<RestoreWish, "blobName" | "backup">,
): Promise<RestoreSource> => {
  const row = wish.blobName
    ? (await readBackups(deps.catalog, site)).findLast(
        ({ backup }) => backup.status !== "Deleted" && zipName(backup.blobBase) === zipBlob(wish.blobName ?? ""),
      )
    : wish.backup === undefined
      ? undefined
      : await findBackup(deps, site, wish.backup);
  if (row === undefined)
    throw refuse("InvalidField", {
      field: "properties.blobName",
      reason: "name the backup's zip, and its container in storageAccountUrl.",
    });
  const { backup } = row;
  checkRestorable(backup);
  return { destination: backup.destination, blob: zipName(backup.blobBase), backup };
};

const newSite = async (deps: Installation, id: SiteId): Promise<SiteDefinition> => {
  const site = await deps.sites.create(id);
  // A site just made may have found a directory that somebody else filled.
  await checkEmpty(deps, site.id);
  return site;
};

/** Which site a restore is for; without a definition it is one that would have to be made. Changes nothing. */
export const wantedTarget = async (
  deps: Installation,
  pathSite: SiteId,
  wish: Pick<RestoreWish, "siteName" | "overwrite" | "databasesOnly">,
): Promise<{ readonly id: SiteId; readonly site: SiteDefinition | undefined }> => {
  const id = targetId(pathSite, wish.siteName);
  const site = await deps.sites.find(id);
  if (site === undefined) {
    if (wish.overwrite || wish.databasesOnly === true) throw siteNotFound(id);
    checkNewName(id);
  } else if (!wish.overwrite && wish.databasesOnly !== true) await checkEmpty(deps, id);
  return { id, site };
};

const checkEmpty = async (deps: Installation, id: SiteId): Promise<void> => {
  const content = await (await deps.hosts.host(id)).content();
  if (content === "present") throw refuse("SiteExists", { site: siteLabel(id) });
};

/** Its name becomes a directory's, so it is held to what Azure allows. */
const checkNewName = (id: SiteId): void => {
  const wrong = [id.name, id.slot ?? id.name].find((name) => !isSiteName(name));
  if (wrong !== undefined)
    throw refuse("InvalidField", {
      field: "the site's name",
      reason: `"${wrong.slice(0, 100)}" is not made of letters, digits and inner hyphens, 60 at most.`,
    });
};

/** `siteName` may name another app, or a slot as `app(slot)`; without it the path's site is meant. */
export const targetId = (pathSite: SiteId, siteName: string | undefined): SiteId => {
  if (siteName === undefined || siteName === "") return pathSite;
  const parsed = parseSiteName(siteName);
  if (parsed === undefined)
    throw refuse("InvalidField", {
      field: "properties.siteName",
      reason: `"${siteName}" is not a site's name, nor name(slot).`,
    });
  // Clients that restore to a slot name the slot in the path and the app in siteName.
  if (parsed.slot === undefined && parsed.name.toLowerCase() === pathSite.name.toLowerCase()) return pathSite;
  return siteWithSlot({ ...pathSite, name: parsed.name }, parsed.slot);
};

interface Asked {
  readonly wish: RestoreWish;
  readonly source: RestoreSource;
  readonly target: SiteId;
  readonly isNew: boolean;
}

/** What the backup was dumped by serves its own site's restore, where the caller says nothing else. */
export const stringsOfBackup = async (
  deps: Pick<Installation, "sealer">,
  { backup }: RestoreSource,
  target: SiteId,
): Promise<ConnectionStrings> =>
  backup === undefined || siteKey(backup.site) !== siteKey(target)
    ? new Map()
    : openStrings(deps, backupKey(backup.id), backup);

const newOperation = async (deps: Installation, { wish, source, target, isNew }: Asked): Promise<Operation> => {
  const id = deps.newId();
  const request: RestoreRequest = {
    destination: source.destination,
    blob: source.blob,
    ...(source.backup === undefined ? {} : { backup: source.backup.id, backupSite: source.backup.site }),
    overwrite: wish.overwrite,
    paths: [...wish.paths],
    configuration: wantsConfiguration(wish, isNew),
    quick: wish.quick,
    allowOutsideLinks: wish.allowOutsideLinks,
    ...(wish.allowUnknownDumps === true ? { allowUnknownDumps: true } : {}),
    ...(wish.adjustConnectionStrings === true ? { adjustConnectionStrings: true } : {}),
    ...(wish.databasesOnly === true ? { databasesOnly: true } : {}),
  };
  const wishes = wish.databases ?? [];
  const databases =
    wishes.length === 0
      ? {}
      : await keepDatabases(deps, operationKey(id), { wishes, before: await stringsOfBackup(deps, source, target) });
  const recoveryKey = wish.recoveryKey && (await deps.sealer.seal(wish.recoveryKey, recoveryContext(id)));
  return {
    id,
    kind: "restore",
    run: runId("restore", deps),
    status: "InProgress",
    created: deps.clock.now().toISOString(),
    request,
    ...databases,
    ...(recoveryKey === undefined ? {} : { recoveryKey }),
  };
};
