import { alarmId, type Alarm, type EndedRestore } from "./alarm.ts";
import { siteLabel, type SiteId } from "./site.ts";

/**
 * What people are told when a restore or undo has ended: of every failure, and of a site that was put back without anybody's
 * asking. Whoever takes a restore back knows of it, unless it did not leave the site as it was.
 */
export const restoreAlarm = (site: SiteId, restore: EndedRestore): Alarm | undefined => {
  const { id, status, finished, settles, cancelled, half, down, log } = restore;
  const isGood = status === "Succeeded";
  if (isGood ? !settles : cancelled && !half && !down) return undefined;
  const kind = isGood ? "restore-put-back" : "restore-failed";
  return {
    id: alarmId(kind, site, id),
    kind,
    time: finished,
    site,
    restore,
    title: `${siteLabel(site)}: ${isGood ? "the site was put back to what it was before its restore" : failure(restore)}`,
    text: log ?? "",
  };
};

const failure = (restore: EndedRestore): string =>
  [`${what(restore)} ${restore.cancelled ? "was cancelled" : "failed"}`, ...consequences(restore)].join("; ");

const what = ({ kind, blob, settles }: EndedRestore): string => {
  if (settles) return "putting it back after a restore that was given up";
  return kind === "undo" ? "the undo of its last restore" : `the restore of ${blob ?? "a backup"}`;
};

const consequences = ({ kind, settles, closed, half, down }: EndedRestore): readonly string[] => {
  const content = [];
  if (!closed)
    content.push(settles ? "it waits for the site's next backup or restore" : "the site is being put back by itself");
  else if (half)
    content.push(
      kind === "undo"
        ? "the site was put back in part, and undo tries again"
        : "what came of it is in the site, and undo tries to put that back",
    );
  // Of an undo that could not start the site the log says how far it came.
  else if (kind === "restore") content.push("the site's content is as it was");
  else if (!down) content.push("nothing was put back");
  return down ? [...content, "the site is still stopped"] : content;
};
