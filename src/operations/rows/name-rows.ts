import * as z from "zod";
import type { SiteId } from "../../domain/site.ts";
import type { Catalog } from "../../ports/catalog.ts";
import { nameKey, namesPartition } from "./keys.ts";
import { siteId } from "./site-id.ts";

const nameRow = z.object({ site: siteId });

/** Whose backup has this name in the container; undefined when none of this installation has. */
export const ownerOfName = async (
  catalog: Catalog,
  container: string,
  blobBase: string,
): Promise<SiteId | undefined> => {
  const row = await catalog.get(namesPartition(container), nameKey(blobBase));
  return row === undefined ? undefined : nameRow.parse(row.value).site;
};
