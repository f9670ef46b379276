import type { Installation } from "../operations/installation.ts";
import { readSiteRow } from "../operations/rows/site-row.ts";
import type { Failure, RunRef } from "../workflows/contract.ts";

export const runLost: Failure = {
  ok: false,
  code: "RunLost",
  message: "Another run owns the site by now; this one wrote nothing more.",
};

export const failed = (message: string): Failure => ({ ok: false, code: "Failed", message });

/** Whether the run still owns its site. Asked before anything is written that others could see. */
export const ownsSite = async (deps: Pick<Installation, "catalog">, ref: RunRef): Promise<boolean> => {
  const row = await readSiteRow(deps.catalog, ref.site);
  return row.epoch === ref.epoch && row.run?.id === ref.run;
};
