import { isRestorable, isSound, type Backup } from "../domain/backup.ts";
import { siteLabel, type SiteId } from "../domain/site.ts";
import { isStoreFailure } from "../domain/store-failure.ts";
import type { Call } from "../ports/call.ts";
import type { SiteDefinition } from "../ports/sites.ts";
import type { Installation } from "./installation.ts";
import { readBackups } from "./rows/backup-rows.ts";
import { readConfigurationRow, type BackupConfiguration } from "./rows/schedule-rows.ts";
import { readSiteRow, type SiteRow } from "./rows/site-row.ts";

/** How a site stands: what runs, what there is to go back to. */
export interface SiteState {
  readonly site: SiteDefinition;
  readonly row: SiteRow;
  /** The newest backup, whatever became of it. */
  readonly last?: Backup;
  /** The newest that can be restored. */
  readonly lastGood?: Backup;
  /** How many can be restored. */
  readonly restorable: number;
  /** Its own, or the installation's that counts for it. */
  readonly configuration?: BackupConfiguration;
}

/** What the catalog holds of the site cannot be understood. */
export interface UnknownState {
  readonly site: SiteDefinition;
  readonly problem: string;
}

/** Every site that is wanted, apps and slots, by name. */
export const siteStates = async (
  deps: Pick<Installation, "sites" | "catalog">,
  call: Pick<Call, "log">,
  isWanted: (id: SiteId) => boolean,
): Promise<readonly (SiteState | UnknownState)[]> => {
  const sites = (await deps.sites.list()).filter(({ id }) => isWanted(id));
  const states: (SiteState | UnknownState)[] = [];
  for (const site of sites) states.push(await knownState(deps, call, site));
  return states;
};

/** Rows that cannot be understood hide no other site; a catalog that does not answer is another matter. */
const knownState = async (
  deps: Pick<Installation, "catalog">,
  { log }: Pick<Call, "log">,
  site: SiteDefinition,
): Promise<SiteState | UnknownState> => {
  try {
    return await stateOf(deps, site);
  } catch (error) {
    if (isStoreFailure(error)) throw error;
    log.error("what the catalog holds of a site cannot be read", { site: siteLabel(site.id), error });
    return { site, problem: "What the catalog holds of it cannot be read. The service's log says more." };
  }
};

const stateOf = async (deps: Pick<Installation, "catalog">, site: SiteDefinition): Promise<SiteState> => {
  const [row, rows, configured] = await Promise.all([
    readSiteRow(deps.catalog, site.id),
    readBackups(deps.catalog, site.id),
    readConfigurationRow(deps.catalog, site.id),
  ]);
  const backups = rows.map(({ backup }) => backup).filter(({ status }) => status !== "Deleted");
  const good = backups.filter(({ status }) => isRestorable(status));
  const last = backups.at(-1);
  const lastGood = good.findLast(isSound);
  return {
    site,
    row,
    restorable: good.length,
    ...(last === undefined ? {} : { last }),
    ...(lastGood === undefined ? {} : { lastGood }),
    ...(configured === undefined ? {} : { configuration: configured.configuration }),
  };
};
