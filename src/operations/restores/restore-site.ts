import { refuse } from "../../domain/errors.ts";
import { recoveryContext } from "../../domain/recovery-context.ts";
import type { Secret } from "../../domain/secret.ts";
import { siteKey, siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import {
  checkWishes,
  keepDatabases,
  openStrings,
  type ConnectionStrings,
  type DatabaseWish,
} from "../databases/database-wishes.ts";
import type { Installation } from "../installation.ts";
import { sourceOf, type ArchiveWish, type RestoreSource } from "./restore-source.ts";
import { newSite, targetId, wantedTarget, type TargetWish } from "./restore-target.ts";
import { backupKey, operationKey } from "../rows/keys.ts";
import type { Operation, RestoreRequest } from "../rows/operation-rows.ts";
import { runId } from "../runs/start-run.ts";
import { takeSite } from "../runs/take-site.ts";
import { checkConfigurationReach, checkDatabaseReach, checkReach } from "../containers/within-reach.ts";

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

export const wantsConfiguration = ({ configuration }: RestoreWish, isNew: boolean): boolean => configuration ?? isNew;

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
