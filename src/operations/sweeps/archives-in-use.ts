import { isRestorable, isSound, zipName, type Backup } from "../../domain/backup.ts";
import { siteKey, siteLabel, type SiteId } from "../../domain/site.ts";
import type { Installation } from "../installation.ts";
import { listOpenRuns } from "../rows/open-run-rows.ts";
import { archiveReads, type Reads } from "../rows/archive-reads.ts";
import { siteRowKey } from "../rows/keys.ts";
import { hasReadableRow, readSiteRow } from "../rows/site-row.ts";
import { isDeletion } from "../runs/start-run.ts";
import { unreadableAdvice } from "../checks/unreadable-advice.ts";

type Needs = Pick<Installation, "catalog" | "sites">;

interface InUse {
  /** Of the site's backups. */
  readonly backups: ReadonlySet<number>;
  /** Rows that do not say what their runs read; whatever of the site it could be is among the backups. */
  readonly unreadable: readonly { readonly site: SiteId; readonly key: string }[];
}

/**
 * Backups of a site whose archive a run under way reads: what a restore brings back, of whichever site, what a backup copies
 * unchanged files from, and what is being verified. A row that cannot be understood holds what it could be about. Throws
 * when the site's own does not say which run it has: then nothing of this site may be deleted.
 */
export const archivesInUse = async (deps: Needs, site: SiteId, backups: readonly Backup[]): Promise<InUse> => {
  const used = new Set<number>();
  const unreadable: { site: SiteId; key: string }[] = [];
  const { sites, mayBackUp } = await sitesWithRuns(deps, site);
  for (const other of sites)
    for (const { key, isReadable, reads } of await archiveReads(deps.catalog, other)) {
      const held = backups.filter((backup) => mayBe(reads, other, backup));
      for (const { id } of held) used.add(id);
      if (!isReadable && held.length > 0) unreadable.push({ site: other, key });
    }
  if (mayBackUp && (await isBackedUp(deps, site)))
    // One that is found damaged while it is copied from is no reason to take it away.
    for (const last of [backups.findLast(isSound), backups.findLast(({ status }) => isRestorable(status))])
      if (last !== undefined) used.add(last.id);
  return { backups: used, unreadable };
};

interface SitesWithRuns {
  readonly sites: readonly SiteId[];
  /** Whether one of them may be a backup of the site that is asked about. */
  readonly mayBackUp: boolean;
}

/** Whose operations may be under way: while an announcement does not say which site it is of, it may be any. */
const sitesWithRuns = async ({ catalog, sites }: Needs, site: SiteId): Promise<SitesWithRuns> => {
  const { open, unreadable } = await listOpenRuns(catalog);
  const announced = open.filter(({ deletes }) => deletes === undefined).map((run) => run.site);
  const isAny = unreadable.some(({ key }) => !isDeletion(key));
  const all = isAny ? (await sites.list()).map(({ id }) => id) : [];
  return {
    sites: [...new Map([site, ...announced, ...all].map((one) => [siteKey(one), one])).values()],
    mayBackUp: isAny || announced.some((one) => siteKey(one) === siteKey(site)),
  };
};

const mayBe = (reads: Reads, of: SiteId, { id, site, blobBase }: Backup): boolean => {
  if (reads === "anything") return true;
  if ("blob" in reads) return zipName(blobBase) === reads.blob;
  return id === reads.backup && siteKey(site) === siteKey(reads.site ?? of);
};

const isBackedUp = async ({ catalog }: Needs, site: SiteId): Promise<boolean> => {
  if (await hasReadableRow(catalog, site)) return (await readSiteRow(catalog, site)).run?.backup !== undefined;
  const row = `The row ${siteRowKey} of ${siteLabel(site)} in the catalog cannot be read`;
  throw new Error(`${row}; nothing of this site is deleted meanwhile. ${unreadableAdvice}`);
};
