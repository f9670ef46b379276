import type { SiteId } from "../../domain/site.ts";
import type { Catalog } from "../../ports/catalog.ts";
import { removeProgress } from "./backup-rows.ts";
import { forgetRun } from "./open-run-rows.ts";
import { forgetBeats } from "./step-rows.ts";

/** Removes the rows of a run that is over: its announcement last, for until then somebody looks after it. */
export const clearRun = async (catalog: Catalog, site: SiteId, run: string): Promise<void> => {
  await removeProgress(catalog, site, run);
  await forgetBeats(catalog, site, run);
  await forgetRun(catalog, run);
};
