import type { SiteId } from "../../domain/site.ts";
import type { Installation } from "../installation.ts";
import { announceRun, forgetRun } from "../rows/open-run-rows.ts";
import { changeSite, type OpenRun, type SiteChange, type SiteRow } from "../rows/site-row.ts";

/**
 * As `changeSite`, for whoever may give the site to a run: it is announced before the row says so, which is harmless if
 * that never does. What was announced where the row was decided on again is forgotten: it would take a place.
 */
export const changeSiteForRun = async <Result>(
  deps: Pick<Installation, "catalog" | "hub">,
  site: SiteId,
  decide: (row: SiteRow, announce: (run: OpenRun) => Promise<void>) => Promise<SiteChange<Result>>,
): Promise<Result> => {
  const announced = new Set<string>();
  let last: string | undefined;
  const announce = async ({ id, since }: OpenRun): Promise<void> => {
    last = id;
    announced.add(id);
    await announceRun(deps, { run: id, site, since });
  };
  const result = await changeSite(deps.catalog, site, (row) => {
    last = undefined;
    return decide(row, announce);
  });
  for (const run of announced) if (run !== last) await forgetRun(deps.catalog, run);
  return result;
};
