import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Installation } from "../installation.ts";
import { readBackups } from "../rows/backup-rows.ts";
import type { Finding } from "./finding.ts";

const ended: readonly string[] = ["Succeeded", "PartiallySucceeded", "Failed", "TimedOut"];

/** Whether the site's newest backup ended well. That it found no files is told where the site is looked at. */
export const checkNewest = async ({ catalog }: Installation, site: SiteId): Promise<readonly Finding[]> => {
  const newest = (await readBackups(catalog, site)).findLast(({ status }) => ended.includes(status));
  if (newest === undefined || newest.status === "Succeeded" || newest.served === "gone") return [];
  const { id, status, log = "" } = newest;
  const isPartial = status === "PartiallySucceeded";
  const [reason = ""] = log.split("\n");
  return [
    {
      name: `site ${siteLabel(site)}`,
      state: isPartial ? "warning" : "problem",
      message: `Its newest backup (${id}) is ${status}${isPartial || reason === "" ? "." : `: ${reason}`}`,
      advice: `lifeboat show ${siteLabel(site)} ${id} tells all about it.`,
    },
  ];
};
