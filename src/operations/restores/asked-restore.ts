import { refuse } from "../../domain/errors.ts";
import type { Secret } from "../../domain/secret.ts";
import { siteKey, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import { checkConfigurationReach, checkDatabaseReach, checkReach } from "../containers/within-reach.ts";
import { checkWishes, openStrings, type ConnectionStrings, type DatabaseWish } from "../databases/database-wishes.ts";
import type { Installation } from "../installation.ts";
import { backupKey } from "../rows/keys.ts";
import { sourceOf, type ArchiveWish, type RestoreSource } from "./restore-source.ts";
import { targetId, wantedTarget, type TargetWish } from "./restore-target.ts";

export interface RestoreWish extends ArchiveWish, TargetWish {
  readonly paths: readonly string[];
  /** Undefined: for a new site yes, for one that exists no. */
  readonly configuration?: boolean;
  /** Those of the backup that come back; without any, none does. */
  readonly databases?: readonly DatabaseWish[];
  /** The site's connection strings of restored databases become those by which these were reached. */
  readonly adjustConnectionStrings?: boolean;
  readonly quick: boolean;
  readonly allowOutsideLinks: boolean;
  /** Own extension: an archive that the catalog does not know is trusted with what its dumps make a server do. */
  readonly allowUnknownDumps?: boolean;
  readonly recoveryKey?: Secret;
}

/** What is restored where; the caller may ask for it, and nothing is made or changed yet. */
export interface AskedRestore {
  readonly source: RestoreSource;
  readonly target: SiteId;
  /** Undefined: the restore would make it. */
  readonly site: SiteDefinition | undefined;
  readonly wantsConfiguration: boolean;
}

/** Throws whatever refuses the restore before its archive is opened: for the restore itself and its dry run. */
export const askedRestore = async (
  deps: Installation,
  call: Call,
  { pathSite, wish }: { readonly pathSite: SiteId; readonly wish: RestoreWish },
): Promise<AskedRestore> => {
  checkReach(call, targetId(pathSite, wish.siteName));
  checkDatabases(call, wish);
  const source = await sourceOf(deps, call, { pathSite, wish });
  const { id, site } = await wantedTarget(deps, pathSite, wish);
  const wantsConfiguration = wish.configuration ?? site === undefined;
  if (wantsConfiguration) checkConfigurationReach(call, { blob: source.blob, isKnown: source.backup !== undefined });
  return { source, target: id, site, wantsConfiguration };
};

const checkDatabases = (call: Call, { databases = [], databasesOnly }: RestoreWish): void => {
  checkWishes(databases);
  checkDatabaseReach(call, databases);
  if (databasesOnly === true && databases.length === 0)
    throw refuse("InvalidField", {
      field: "properties.databases",
      reason: "databasesOnly needs databases to restore.",
    });
};

/** What the backup was dumped by serves its own site's restore, where the caller says nothing else. */
export const stringsOfBackup = async (
  deps: Pick<Installation, "sealer">,
  { source: { backup }, target }: Pick<AskedRestore, "source" | "target">,
): Promise<ConnectionStrings> =>
  backup === undefined || siteKey(backup.site) !== siteKey(target)
    ? new Map()
    : openStrings(deps, backupKey(backup.id), backup);
