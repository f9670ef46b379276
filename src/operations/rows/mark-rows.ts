import * as z from "zod";
import type { EndedBackup, EndedRestore } from "../../domain/alarm.ts";
import { siteOfKey, type SiteId } from "../../domain/site.ts";
import type { Catalog } from "../../ports/catalog.ts";
import { endedBackup, endedRestore } from "./ended-forms.ts";
import { markKey, markPrefix, newsOf, type NewsOf, watchPartition } from "./keys.ts";
import { siteId } from "./site-id.ts";

/**
 * A site's watch has news: a backup or restore ended, or (neither of them) its schedule changed, or what there is to go back to.
 */
export const mark = z.object({
  site: siteId,
  backup: endedBackup.exactOptional(),
  restore: endedRestore.exactOptional(),
});
export interface Mark extends z.infer<typeof mark> {
  readonly key: string;
  readonly version: string;
  /** What it tells of, where nothing but its key can be understood. */
  readonly lost?: NewsOf;
}

/**
 * To be said before whatever would say it again is forgotten: the same news twice is news once. Alarms, metrics and
 * overviews follow from it.
 */
export const markSite = async (catalog: Catalog, of: SiteId, backup?: EndedBackup): Promise<void> => {
  const value = { site: of, ...(backup === undefined ? {} : { backup }) };
  await catalog.write(watchPartition, [{ kind: "put", key: markKey(of, { backup: backup?.id ?? 0 }), value }]);
};

/** As above, of a restore or undo. */
export const markRestore = async (catalog: Catalog, of: SiteId, restore: EndedRestore): Promise<void> => {
  const key = markKey(of, { operation: restore.id });
  await catalog.write(watchPartition, [{ kind: "put", key, value: { site: of, restore } }]);
};

export const readMarks = async (catalog: Catalog, limit: number): Promise<readonly Mark[]> =>
  (await catalog.list(watchPartition, { prefix: markPrefix, limit })).map(({ key, value, version }) => {
    const read = mark.safeParse(value);
    return { ...(read.success ? read.data : markOfKey(key)), key, version };
  });

/** The key says whose news it is and of which backup; what became of that, its own row does. */
const markOfKey = (key: string): Pick<Mark, "site" | "lost"> => {
  const parts = key.slice(markPrefix.length).split("!");
  return { site: siteOfKey(parts.slice(0, -1).join("!")), lost: newsOf(parts.at(-1) ?? "") };
};
