import type { SiteId } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { changeSite, withoutUndo } from "../../operations/rows/site-row.ts";
import type { SiteHost } from "../../ports/site-host.ts";

/**
 * Drops what the restore `run` replaced, so that it cannot be undone any more: first what was kept, then the row, for
 * without the row it would look like a restore that nobody acknowledged. False when the row tells of another one.
 */
export const forgetUndo = async (
  { catalog }: Pick<Installation, "catalog">,
  site: SiteId,
  { run, host }: { readonly run: string; readonly host: SiteHost },
): Promise<boolean> => {
  await host.exchange(run).forget();
  return changeSite(catalog, site, (row) => {
    const isSame = row.undo?.run === run;
    return { row: isSame ? withoutUndo(row) : row, result: isSame };
  });
};
