import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Installation } from "../installation.ts";
import { readKnownOperations } from "../rows/operation-rows.ts";
import type { Finding } from "./finding.ts";

/** Whether the last restore or undo that stopped the site has started it again. */
export const checkStarted = async ({ catalog }: Installation, site: SiteId): Promise<readonly Finding[]> => {
  const last = (await readKnownOperations(catalog, site))
    .map(({ operation }) => operation)
    .filter(({ status, stopped }) => status !== "InProgress" && stopped !== undefined)
    .toSorted((a, b) => (a.created < b.created ? -1 : 1))
    .at(-1);
  if (last?.status !== "Failed" || last.up === true) return [];
  const [reason = ""] = (last.log ?? "").split("\n");
  return [
    {
      name: `site ${siteLabel(site)}`,
      state: "problem",
      message: `It is still stopped, for its last ${last.kind} could not start it. ${reason}`.trimEnd(),
      advice: "Start it, and mend what kept it; its next backup or restore starts it before anything else, too.",
    },
  ];
};
