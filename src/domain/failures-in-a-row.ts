import { isRestorable, type Backup } from "./backup.ts";

/** So many failures in a row make a schedule one that fails. */
export const failingFrom = 3;

/** How many of a site's planned backups failed since the last that can be restored; what was skipped does not count. */
export const failuresInARow = (oldestFirst: readonly Backup[]): number => {
  let failures = 0;
  for (const { scheduled, status, commitId } of oldestFirst.toReversed()) {
    if (!scheduled) continue;
    if (status === "Failed" || status === "TimedOut") failures++;
    // A commit id stays with what was deleted since: it was a good one.
    else if (isRestorable(status) || commitId !== undefined) return failures;
  }
  return failures;
};
