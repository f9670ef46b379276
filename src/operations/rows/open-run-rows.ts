import * as z from "zod";
import type { SiteId } from "../../domain/site.ts";
import type { Catalog, RowChange } from "../../ports/catalog.ts";
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

/**
 * As `announceRun`, for whoever is about to start the run: false when a process with workflows of its own has it. Of several
 * that ask at the same time one gets it, and nobody else ever does under this name.
 */
export const claimRun = async (
  { catalog, hub }: { readonly catalog: Catalog; readonly hub?: string },
  { run, site, since }: Pick<AnnouncedRun, "run" | "site" | "since">,
): Promise<boolean> => {
  for (let attempt = 0; attempt < 20; attempt++) {
    const row = await catalog.get(openRunsPartition, run);
    const holder = row?.value["hub"];
    if (row !== undefined && (hub === undefined || hub === holder)) return true;
    if (holder !== undefined) return false;
    const value = { site, since, ...row?.value, ...(hub === undefined ? {} : { hub }) };
    const change: RowChange =
      row === undefined
        ? { kind: "insert", key: run, value }
        : { kind: "replace", key: run, value, version: row.version };
    if (await catalog.write(openRunsPartition, [change])) return true;
  }
  throw new Error(`The run ${run} is being claimed by too many processes.`);
};

export const readOpenRuns = async (catalog: Catalog): Promise<readonly AnnouncedRun[]> =>
  (await catalog.list(openRunsPartition)).map(({ key, value }) => ({ run: key, ...announced.parse(value) }));

export const forgetRun = async (catalog: Catalog, run: string): Promise<void> => {
  await catalog.write(openRunsPartition, [{ kind: "remove", key: run }]);
};
