import { limitOf, nextFreeTime } from "../../domain/quota.ts";
import type { SiteId } from "../../domain/site.ts";
import type { Installation } from "../installation.ts";
import { readBackups } from "../rows/backup-rows.ts";

interface Asked {
  readonly site: SiteId;
  readonly tier: string;
  readonly now: Date;
}

/** The limit that the site's backups of the day have reached, and when the next one is possible; undefined while there is room. */
export const usedUpQuota = async (
  { catalog, policy }: Pick<Installation, "catalog" | "policy">,
  { site, tier, now }: Asked,
): Promise<{ readonly limit: number; readonly next: string } | undefined> => {
  const limit = limitOf(policy.backupsPerDay, tier);
  if (limit === undefined) return undefined;
  const backups = await readBackups(catalog, site);
  const next = nextFreeTime(backups, limit, now);
  return next && { limit, next: next.toISOString() };
};
