import type { SiteId } from "../../domain/site.ts";
import type { Installation } from "../installation.ts";
import { sitePartition } from "../rows/keys.ts";
import { readKnownOperations } from "../rows/operation-rows.ts";
import { removeSome } from "../rows/remove-rows.ts";
import { readSiteRow } from "../rows/site-row.ts";

const keptMs = 30 * 86_400_000;

/**
 * Results of operations that ended a month ago; asked whenever a new operation begins, so that they never pile up. One
 * whose run was given up stays: that what it exchanged goes back is known by its row alone.
 */
export const forgetOldOperations = async (
  { catalog, clock }: Pick<Installation, "catalog" | "clock">,
  site: SiteId,
): Promise<void> => {
  const before = clock.now().getTime() - keptMs;
  const { undo, run } = await readSiteRow(catalog, site);
  const old = (await readKnownOperations(catalog, site)).filter(
    ({ operation: { id, kind, status, closed, finished } }) =>
      (status === "Succeeded" || closed === true || (kind === "verify" && status === "Failed")) &&
      Date.parse(finished ?? "") < before &&
      id !== undo?.operation &&
      id !== run?.operation,
  );
  await removeSome(
    catalog,
    sitePartition(site),
    old.map(({ key }) => ({ key })),
  );
};
