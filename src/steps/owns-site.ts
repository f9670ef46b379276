import type { Installation } from "../operations/installation.ts";
import { readSiteRow, type OpenRun, type SiteRow } from "../operations/rows/site-row.ts";
import type { Failure, RunRef } from "../workflows/contract.ts";

export const runLost: Failure = {
  ok: false,
  code: "RunLost",
  message: "Another run owns the site by now; this one wrote nothing more.",
};

export const failed = (message: string): Failure => ({ ok: false, code: "Failed", message });

/** Whether the site of this row is the run's still. */
export const isOwner = ({ run, epoch }: RunRef, row: SiteRow): row is SiteRow & { readonly run: OpenRun } =>
  row.epoch === epoch && row.run?.id === run;

/** Whether the run still owns its site. Asked before anything is written that others could see. */
export const ownsSite = async (deps: Pick<Installation, "catalog">, ref: RunRef): Promise<boolean> =>
  isOwner(ref, await readSiteRow(deps.catalog, ref.site));
