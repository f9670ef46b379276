import { isRestorable, isSound, type Backup } from "../../domain/backup.ts";
import { siteKey, siteLabel, type SiteId } from "../../domain/site.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import type { Installation } from "../installation.ts";
import { configurationPages, readConfigurationRow, type BackupConfiguration } from "../rows/schedule-rows.ts";
import { readSiteWithBackups, type SiteRow } from "../rows/site-row.ts";
import { severalAtATime } from "../several-at-a-time.ts";

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
  const configurationOf = sites.length > fewSites ? await allConfigurations(deps) : oneByOne(deps);
  return severalAtATime(sites, sitesAtATime, (site) => knownState({ ...deps, configurationOf }, call, site));
};

/** What waits for a store's answers may do so side by side. */
const sitesAtATime = 8;
/** For more than these the configurations are read page by page. */
const fewSites = 10;

type ConfigurationOf = (site: SiteId) => Promise<BackupConfiguration | undefined>;

const oneByOne =
  ({ catalog }: Pick<Installation, "catalog">): ConfigurationOf =>
  async (site) =>
    (await readConfigurationRow(catalog, site))?.configuration;

const allConfigurations = async ({ catalog }: Pick<Installation, "catalog">): Promise<ConfigurationOf> => {
  const unreadable = new Map<string, unknown>();
  const found = new Map<string, BackupConfiguration>();
  for await (const page of configurationPages(catalog, (site, error) => unreadable.set(siteKey(site), error)))
    for (const one of page) found.set(siteKey(one.site), one);
  return async (site) => {
    if (unreadable.has(siteKey(site))) throw unreadable.get(siteKey(site));
    return found.get(siteKey(site));
  };
};

interface Reading extends Pick<Installation, "catalog"> {
  readonly configurationOf: ConfigurationOf;
}

/** Rows that cannot be understood hide no other site; a catalog that does not answer is another matter. */
const knownState = async (
  deps: Reading,
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

const stateOf = async (deps: Reading, site: SiteDefinition): Promise<SiteState> => {
  const [{ row, backups: all }, configuration] = await Promise.all([
    readSiteWithBackups(deps.catalog, site.id),
    deps.configurationOf(site.id),
  ]);
  const backups = all.filter(({ status }) => status !== "Deleted");
  const good = backups.filter(({ status }) => isRestorable(status));
  const last = backups.at(-1);
  const lastGood = good.findLast(isSound);
  return {
    site,
    row,
    restorable: good.length,
    ...(last === undefined ? {} : { last }),
    ...(lastGood === undefined ? {} : { lastGood }),
    ...(configuration === undefined ? {} : { configuration }),
  };
};
