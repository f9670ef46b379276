import { ArchiveInvalid } from "../../archive/archive-invalid.ts";
import type { Installation } from "../../operations/installation.ts";
import { removeProgress } from "../../operations/rows/backup-rows.ts";
import { FileUnreadable } from "../../ports/site-files.ts";
import type { Outcome, RunRef } from "../../workflows/contract.ts";
import { asOutcome } from "../outcome.ts";
import { failed, ownsSite, runLost } from "../owns-site.ts";
import { scratchOf } from "../scratch.ts";

/**
 * As `asOutcome`, with what a restore meets besides: damaged archives, unreadable sites, full and closed disks. An attempt
 * that comes to its end after its run has lost the site, or closed, takes away what it left lying about.
 */
export const restoring = async <Value>(
  deps: Installation,
  ref: RunRef,
  work: () => Promise<Outcome<Value>>,
): Promise<Outcome<Value>> => {
  try {
    const outcome = await asOutcome<Value>(() => tellingReasons(work));
    if (await ownsSite(deps, ref)) return outcome;
  } catch (error) {
    if (await ownsSite(deps, ref)) throw error;
  }
  await clearAfterLate(deps, ref);
  return runLost;
};

const tellingReasons = async <Value>(work: () => Promise<Outcome<Value>>): Promise<Outcome<Value>> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArchiveInvalid) return failed(error.message);
    if (error instanceof FileUnreadable) return failed(`The site cannot be read: ${error.message}`);
    const reason = error instanceof Error ? diskReason(error.message) : undefined;
    if (reason !== undefined) return failed(reason);
    throw error;
  }
};

/** By its text: what threads throw loses the code on its way. */
const diskReason = (message: string): string | undefined => {
  const code = /^E[A-Z]+\b/.exec(message)?.[0] ?? "";
  if (["ENOSPC", "EDQUOT"].includes(code))
    return `The disk is full (${code}). Free some space, or restore fewer paths.`;
  if (["EROFS", "EACCES", "EPERM"].includes(code))
    return `The service may not write where the site lies (${message}). Give it the right to.`;
  // Staging begins in empty folders: names that differ for the archive are one for the file system, or none.
  if (["EEXIST", "EINVAL", "EILSEQ"].includes(code) && message.includes("/staged-"))
    return `The site's file system cannot hold a name of the archive (${message}). Restore other paths.`;
  return undefined;
};

/** Work files, news, and what was staged, unless a swap has made it the run's own. */
const clearAfterLate = async (deps: Installation, ref: RunRef): Promise<void> => {
  await scratchOf(await deps.scratch(), ref.run).clear();
  await removeProgress(deps.catalog, ref.site, ref.run);
  const host = await deps.hosts.host(ref.site);
  if (!(await host.exchanges()).includes(ref.run)) return;
  const exchange = host.exchange(ref.run);
  if ((await exchange.state()) === "staged") await exchange.forget();
};
