import * as z from "zod";
import type { SiteId } from "../../domain/site.ts";
import type { Catalog, Row } from "../../ports/catalog.ts";
import { openRunsPartition } from "./keys.ts";
import { siteId } from "./site-id.ts";
import { writeRow } from "./write-row.ts";

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
    if (await catalog.write(openRunsPartition, [writeRow(run, value, row?.version)])) return true;
  }
  throw new Error(`The run ${run} is being claimed by too many processes.`);
};

interface OpenRuns {
  readonly open: readonly AnnouncedRun[];
  /** Rows that cannot be understood, by their keys: the runs. */
  readonly unreadable: readonly Row[];
}

export const listOpenRuns = async (catalog: Catalog): Promise<OpenRuns> => {
  const open: AnnouncedRun[] = [];
  const unreadable: Row[] = [];
  for (const row of await catalog.list(openRunsPartition)) {
    const read = announced.safeParse(row.value);
    if (read.success) open.push({ run: row.key, ...read.data });
    else unreadable.push(row);
  }
  return { open, unreadable };
};

/** Those that can be understood: one that cannot holds up no other. */
export const readOpenRuns = async (catalog: Catalog): Promise<readonly AnnouncedRun[]> =>
  (await listOpenRuns(catalog)).open;

/** Writes an announcement that could not be understood as it has to be; without one, the row goes. */
export const mendOpenRun = async (
  catalog: Catalog,
  { key, value, version }: Row,
  is: { readonly site: SiteId; readonly since: string } | undefined,
): Promise<void> => {
  const hub = value["hub"];
  const mended = is && { ...is, ...(typeof hub === "string" ? { hub } : {}) };
  await catalog.write(openRunsPartition, [
    mended === undefined ? { kind: "remove", key, version } : { kind: "replace", key, value: mended, version },
  ]);
};

export const forgetRun = async (catalog: Catalog, run: string): Promise<void> => {
  await catalog.write(openRunsPartition, [{ kind: "remove", key: run }]);
};
