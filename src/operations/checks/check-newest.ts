import type { Backup } from "../../domain/backup.ts";
import { siteLabel } from "../../domain/site.ts";
import type { Finding } from "./finding.ts";

const ended: readonly string[] = ["Succeeded", "PartiallySucceeded", "Failed", "TimedOut"];

/** Whether the site's newest backup ended well. That it found no files is told where the site is looked at. */
export const checkNewest = (backups: readonly Backup[]): readonly Finding[] => {
  const newest = backups.findLast(({ status }) => ended.includes(status));
  if (newest === undefined || newest.status === "Succeeded" || newest.served === "gone") return [];
  const { site, id, status, log = "" } = newest;
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
