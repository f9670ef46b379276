import { defaultBackupName, nameProblem, type Backup } from "../../domain/backup.ts";
import { fullContainerUrl, type ContainerAccess } from "../../domain/container-url.ts";
import { refuse } from "../../domain/errors.ts";
import type { Secret } from "../../domain/secret.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import {
  databaseFields,
  databasesToBackUp,
  type DatabaseRequest,
  type WantedDatabases,
} from "../databases/backup-databases.ts";
import { rememberCredential, withCredential } from "../containers/credentials.ts";
import { findSite } from "../find-site.ts";
import { freeName } from "./free-name.ts";
import { backupRun } from "../runs/free-site.ts";
import type { Installation } from "../installation.ts";
import { insertBackup } from "../rows/backup-rows.ts";
import { usedUpQuota } from "./used-up-quota.ts";
import { releaseName } from "../rows/name-rows.ts";
import { siteBusy, takenBy, type SiteRow } from "../rows/site-row.ts";
import { changeSiteForRun } from "../runs/change-site-for-run.ts";
import { runRef, startRun } from "../runs/start-run.ts";
import { whereTo } from "../containers/where-to.ts";
import { checkContainerReach, checkDatabaseReach } from "../containers/within-reach.ts";

export interface BackupRequest extends DatabaseRequest {
  readonly name?: string;
  readonly storageAccountUrl?: Secret;
  /** Own extension: when retention may remove this on-demand backup. Absent: never. */
  readonly expires?: Date;
}

/** The backup as it was created, and the container's URL with its secret for those who may see it. */
interface CreatedBackup {
  readonly site: SiteDefinition;
  readonly backup: Backup;
  readonly storageAccountUrl: Secret;
}

/** Writes the backup as Created and starts its run. One run at a time: a second backup waits, a third is refused. */
export const createBackup =
  (deps: Installation) =>
  async (call: Call, id: SiteId, request: BackupRequest): Promise<CreatedBackup> => {
    const site = await findSite(deps, id);
    const now = deps.clock.now();
    const name = wantedName(request.name, site.id, now);
    checkExpiry(request.expires, now);
    const wanted = await databasesToBackUp(deps, site.id, request);
    checkDatabaseReach(call, request.databases ?? []);
    const named = await whereTo(deps, site, request);
    await checkContainerReach(deps, call, { site, access: named });
    const access = await withCredential(deps, named);
    await deps.destinations.open(access.container, access.credential);
    await rememberCredential(deps, access);
    const blobBase = await freeName(deps, { container: access.container, name, site: site.id, now });
    const wish = { site: site.id, tier: site.tier, access, name, blobBase, request, wanted, now };
    const added = await addBackup(deps, call, wish).catch(async (error: unknown) => {
      const holder = { site: site.id, since: now.toISOString() };
      await releaseName(deps.catalog, { container: access.container, blobBase }, holder);
      throw error;
    });
    // From here on the name is the backup's, whatever becomes of its start.
    if (added.begun !== undefined) await startRun(deps, call, site.id, runRef(site.id, added.begun));
    return { site, backup: added.backup, storageAccountUrl: fullContainerUrl(access) };
  };

const wantedName = (given: string | undefined, site: SiteId, now: Date): string => {
  // az cuts a trailing ".zip" off; other clients do not, and mean the same.
  const name = (given ?? "").trim().replace(/\.zip$/i, "") || defaultBackupName(site.name, now);
  const problem = nameProblem(name);
  if (problem !== undefined) throw refuse("InvalidField", { field: "properties.backupName", reason: `${problem}.` });
  return name;
};

/** Retention would remove it as soon as it is made. */
const checkExpiry = (expires: Date | undefined, now: Date): void => {
  if (expires !== undefined && expires < now)
    throw refuse("InvalidField", { field: "properties.expires", reason: "it has passed." });
};

interface NewBackup {
  readonly site: SiteId;
  readonly tier: string;
  readonly access: ContainerAccess;
  readonly name: string;
  readonly blobBase: string;
  readonly request: BackupRequest;
  readonly wanted: WantedDatabases;
  readonly now: Date;
}

interface Added {
  readonly backup: Backup;
  /** The site's row with the run that is to start; undefined: the backup waits for another. */
  readonly begun: SiteRow | undefined;
}

const addBackup = (deps: Installation, call: Call, wish: NewBackup): Promise<Added> =>
  changeSiteForRun<Added>(deps, wish.site, async (row, announce) => {
    if (row.run !== undefined && (row.waiting !== undefined || row.run.kind !== "backup")) throw siteBusy(row.run);
    const quota = await usedUpQuota(deps, wish);
    if (quota !== undefined) throw refuse("QuotaExceeded", { site: siteLabel(wish.site), ...quota });
    const databases = await databaseFields(deps, row.nextBackupId, wish.wanted);
    const created = { ...newBackup(wish, row.nextBackupId, call), ...databases };
    const counted: SiteRow = { ...row, nextBackupId: row.nextBackupId + 1 };
    if (row.run !== undefined)
      return {
        row: { ...counted, waiting: created.id },
        also: [insertBackup(created)],
        result: { backup: created, begun: undefined },
      };
    const run = backupRun(deps, created);
    await announce(run);
    const backup = { ...created, run: run.id };
    const begun = takenBy(counted, run);
    return { row: begun, also: [insertBackup(backup)], result: { backup, begun } };
  });

const newBackup = (wish: NewBackup, id: number, call: Call): Backup => ({
  site: wish.site,
  id,
  name: wish.name,
  blobBase: wish.blobBase,
  status: "Created",
  scheduled: false,
  destination: wish.access.container,
  correlationId: call.requestId,
  created: wish.now.toISOString(),
  sizeBytes: 0,
  ...(wish.request.expires === undefined ? {} : { expires: wish.request.expires.toISOString() }),
});
