import * as z from "zod";
import type { SiteId } from "../../domain/site.ts";
import type { Catalog } from "../../ports/catalog.ts";
import { openRunsPartition } from "./keys.ts";
import { siteId } from "./site-id.ts";

const announced = z.object({
  site: siteId,
  since: z.string(),
  /** Of a deletion, which owns no site: the backup. */
  deletes: z.number().exactOptional(),
  /** The store of workflows that has it, where processes with stores of their own share the catalog. */
  hub: z.string().exactOptional(),
  /** How often its workflow ended without closing it. */
  ended: z.number().exactOptional(),
});
export type AnnouncedRun = z.infer<typeof announced> & { readonly run: string };

/**
 * Written before anything else of a run is: whoever looks through the open runs then finds it, wherever the process that
 * began it died. One that came to nothing is cleared away by the same look.
 */
export const announceRun = async (
  { catalog, hub }: { readonly catalog: Catalog; readonly hub?: string },
  {
    run,
    site,
    ...rest
  }: {
    readonly run: string;
    readonly site: SiteId;
    readonly since: string;
    readonly deletes?: number;
    readonly ended?: number;
  },
): Promise<void> => {
  await catalog.write(openRunsPartition, [
    { kind: "put", key: run, value: { site, ...rest, ...(hub === undefined ? {} : { hub }) } },
  ]);
};

export const readOpenRuns = async (catalog: Catalog): Promise<readonly AnnouncedRun[]> =>
  (await catalog.list(openRunsPartition)).map(({ key, value }) => ({ run: key, ...announced.parse(value) }));

export const forgetRun = async (catalog: Catalog, run: string): Promise<void> => {
  await catalog.write(openRunsPartition, [{ kind: "remove", key: run }]);
};
