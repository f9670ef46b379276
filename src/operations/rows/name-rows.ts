import * as z from "zod";
import { ageMs } from "../../domain/age.ts";
import type { Backup } from "../../domain/backup.ts";
import { siteKey, type SiteId } from "../../domain/site.ts";
import type { Catalog } from "../../ports/catalog.ts";
import { nameKey, namesPartition } from "./keys.ts";
import { siteId } from "./site-id.ts";
import { readSiteWithBackups } from "./site-row.ts";

const nameRow = z.object({ site: siteId, since: z.string(), planned: z.string().exactOptional() });

/** A name in a container: there, only one backup of this installation has it. */
export interface NameInContainer {
  readonly container: string;
  readonly blobBase: string;
}

/** Whom a name is reserved for: the site's backup that is planned for a time, or else was created at one. */
interface NameHolder {
  readonly site: SiteId;
  readonly since: string;
  readonly planned?: string;
}

/** The holder of a backup's name. */
export const holderOf = ({ site, created, planned }: Backup): NameHolder => ({
  site,
  since: created,
  ...(planned === undefined ? {} : { planned }),
});

const isSame = (one: NameHolder, other: NameHolder): boolean =>
  siteKey(one.site) === siteKey(other.site) &&
  one.planned === other.planned &&
  (one.planned !== undefined || one.since === other.since);

/** Whose backup has this name; undefined when none of this installation has. */
export const ownerOfName = async (
  catalog: Catalog,
  { container, blobBase }: NameInContainer,
): Promise<SiteId | undefined> => {
  const row = await catalog.get(namesPartition(container), nameKey(blobBase));
  return row === undefined ? undefined : nameRow.parse(row.value).site;
};

/** Whoever reserved a name has written its backup by then, or died before. */
const writtenWithinMs = 15 * 60_000;

/**
 * False when another backup of this installation has the name. Who reserves for the same planned run again (its process
 * died, or another has begun it too) gets the reservation that is there; and whoever comes gets one that was left by a
 * death: no backup has the name, and none is awaited.
 */
export const reserveName = async (
  catalog: Catalog,
  name: NameInContainer,
  { now, ...holder }: NameHolder & { readonly now: Date },
): Promise<boolean> => {
  const partition = namesPartition(name.container);
  const key = nameKey(name.blobBase);
  const value = { blobBase: name.blobBase, ...holder };
  if (await catalog.write(partition, [{ kind: "insert", key, value }])) return true;
  const row = await catalog.get(partition, key);
  const there = nameRow.safeParse(row?.value).data;
  if (row === undefined || there === undefined) return false;
  if (holder.planned !== undefined && isSame(there, holder)) return true;
  if (await isHeld(catalog, name, { ...there, now })) return false;
  return catalog.write(partition, [{ kind: "replace", key, value, version: row.version }]);
};

/** By a backup, or for one that may be written yet. */
const isHeld = async (
  catalog: Catalog,
  name: NameInContainer,
  { site, since, planned, now }: NameHolder & { readonly now: Date },
): Promise<boolean> => {
  try {
    const { row, backups } = await readSiteWithBackups(catalog, site);
    // A planned run comes back to it, however late, until the site's row says that it is seen to.
    const isAwaited =
      planned === undefined ? ageMs(since, now) < writtenWithinMs : row.planned?.includes(planned) !== true;
    return (
      isAwaited ||
      backups.some(
        ({ status, blobBase, destination }) =>
          status !== "Deleted" &&
          blobBase === name.blobBase &&
          namesPartition(destination) === namesPartition(name.container),
      )
    );
  } catch (error) {
    // One that cannot be read may be the one.
    if (error instanceof z.ZodError) return true;
    throw error;
  }
};

/** Nothing to do where another holds it by now, or nobody: whoever releases again, or late, takes no name from others. */
export const releaseName = async (catalog: Catalog, name: NameInContainer, holder: NameHolder): Promise<void> => {
  const partition = namesPartition(name.container);
  const row = await catalog.get(partition, nameKey(name.blobBase));
  const there = nameRow.safeParse(row?.value).data;
  if (row === undefined || there === undefined || !isSame(there, holder)) return;
  await catalog.write(partition, [{ kind: "remove", key: row.key, version: row.version }]);
};
