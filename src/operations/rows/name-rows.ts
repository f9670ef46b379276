import * as z from "zod";
import { siteKey, type SiteId } from "../../domain/site.ts";
import type { Catalog } from "../../ports/catalog.ts";
import { nameKey, namesPartition } from "./keys.ts";
import { siteId } from "./site-id.ts";

const nameRow = z.object({ site: siteId, planned: z.string().exactOptional() });

/** A name in a container: there, only one backup of this installation has it. */
export interface NameInContainer {
  readonly container: string;
  readonly blobBase: string;
}

/** Whose backup has this name; undefined when none of this installation has. */
export const ownerOfName = async (
  catalog: Catalog,
  { container, blobBase }: NameInContainer,
): Promise<SiteId | undefined> => {
  const row = await catalog.get(namesPartition(container), nameKey(blobBase));
  return row === undefined ? undefined : nameRow.parse(row.value).site;
};

/**
 * False when another backup of this installation has the name. Who reserves for the same planned run again (its process
 * died, or another has begun it too) gets the reservation that is there.
 */
export const reserveName = async (
  catalog: Catalog,
  { container, blobBase }: NameInContainer,
  { site, since, planned }: { readonly site: SiteId; readonly since: Date; readonly planned?: string },
): Promise<boolean> => {
  const value = { blobBase, site, since: since.toISOString(), ...(planned === undefined ? {} : { planned }) };
  const key = nameKey(blobBase);
  if (await catalog.write(namesPartition(container), [{ kind: "insert", key, value }])) return true;
  if (planned === undefined) return false;
  const row = await catalog.get(namesPartition(container), key);
  const there = row && nameRow.parse(row.value);
  return there?.planned === planned && siteKey(there.site) === siteKey(site);
};

/** The reservation that stands now, as `releaseName` wants it. */
export interface Reservation extends NameInContainer {
  readonly version: string;
}

export const reservationOf = async (catalog: Catalog, name: NameInContainer): Promise<Reservation | undefined> => {
  const row = await catalog.get(namesPartition(name.container), nameKey(name.blobBase));
  return row && { ...name, version: row.version };
};

/** With a reservation's version: as long as it is the one that stands. Nothing to do where there is none. */
export const releaseName = async (catalog: Catalog, name: NameInContainer | Reservation): Promise<void> => {
  const version = "version" in name ? { version: name.version } : {};
  const key = nameKey(name.blobBase);
  await catalog.write(namesPartition(name.container), [{ kind: "remove", key, ...version }]);
};
