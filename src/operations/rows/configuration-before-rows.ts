import * as z from "zod";
import type { SiteId } from "../../domain/site.ts";
import type { Catalog } from "../../ports/catalog.ts";
import { configurationBeforeKey, configurationBeforePrefix, sitePartition } from "./keys.ts";

const row = z.object({ sealed: z.string() });

/** The configuration that a restore run replaced, sealed; undefined when it replaced none. */
export const readConfigurationBefore = async (catalog: Catalog, site: SiteId, run: string) => {
  const found = await catalog.get(sitePartition(site), configurationBeforeKey(run));
  return found && row.parse(found.value).sealed;
};

/** The first attempt's counts: later ones see what it has written in its place. */
export const keepConfigurationBefore = async (
  catalog: Catalog,
  site: SiteId,
  { run, sealed }: { readonly run: string; readonly sealed: string },
): Promise<void> => {
  await catalog.write(sitePartition(site), [{ kind: "insert", key: configurationBeforeKey(run), value: { sealed } }]);
};

export const forgetConfigurationsBefore = async (
  catalog: Catalog,
  site: SiteId,
  isNeeded: (run: string) => boolean,
): Promise<void> => {
  const rows = await catalog.list(sitePartition(site), { prefix: configurationBeforePrefix });
  for (const { key } of rows)
    if (!isNeeded(key.slice(configurationBeforePrefix.length)))
      await catalog.write(sitePartition(site), [{ kind: "remove", key }]);
};
