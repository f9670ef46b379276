import { isRestorable, type Backup } from "../domain/backup.ts";
import type { SiteId } from "../domain/site.ts";
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

/** Every site that is wanted, apps and slots, by name. */
export const siteStates = async (
  deps: Pick<Installation, "sites" | "catalog">,
  isWanted: (id: SiteId) => boolean,
): Promise<readonly SiteState[]> => {
  const sites = (await deps.sites.list()).filter(({ id }) => isWanted(id));
  const states: SiteState[] = [];
  for (const site of sites) states.push(await stateOf(deps, site));
  return states;
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
  const lastGood = good.at(-1);
  return {
    site,
    row,
    restorable: good.length,
    ...(last === undefined ? {} : { last }),
    ...(lastGood === undefined ? {} : { lastGood }),
    ...(configured === undefined ? {} : { configuration: configured.configuration }),
  };
};
