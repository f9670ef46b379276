import { ArchiveInvalid } from "../../archive/archive-invalid.ts";
import { errorCode, isCode, systemCall } from "../../domain/error-code.ts";
import { messageOf, refuse } from "../../domain/errors.ts";
import { isStoreFailure, type StoreFailure } from "../../domain/store-failure.ts";
import type { Installation } from "../../operations/installation.ts";
import { removeProgress } from "../../operations/rows/backup-rows.ts";
import { FileUnreadable } from "../../ports/site-files.ts";
import type { Outcome, RunRef } from "../../workflows/contract.ts";
import { asOutcome } from "../outcome.ts";
import { failed, ownsSite, runLost } from "../owns-site.ts";
import { operationOf } from "./restore-run.ts";
import { restoreWithoutRoom, type RestoreRef } from "./restore-without-room.ts";
import { scratchOf } from "../scratch.ts";

/**
 * As `asOutcome`, with what a restore meets besides: damaged archives, unreadable sites, full and closed disks. An attempt
 * that comes to its end after its run has lost the site, or closed, takes away what it left lying about.
 */
export const restoring = async <Value>(
  deps: Installation,
  ref: RestoreRef,
  work: () => Promise<Outcome<Value>>,
): Promise<Outcome<Value>> => {
  try {
    const outcome = await deps.runsAtWork.executing(ref.run, () =>
      asOutcome<Value>(() => tellingReasons(deps, ref, work)),
    );
    if (await ownsSite(deps, ref)) return outcome;
  } catch (error) {
    if (await ownsSite(deps, ref)) throw error;
  }
  await clearAfterLate(deps, ref);
  return runLost;
};

const tellingReasons = async <Value>(
  deps: Installation,
  ref: RestoreRef,
  work: () => Promise<Outcome<Value>>,
): Promise<Outcome<Value>> => {
  try {
    return await work();
  } catch (error) {
    const full = fullDisk(error);
    if (full !== undefined) return failed(await restoreWithoutRoom(deps, ref, full));
    if (error instanceof ArchiveInvalid) return failed(await archiveReason(deps, ref, error));
    if (error instanceof FileUnreadable) return failed(`The site cannot be read: ${error.message}`);
    const reason = diskReason(error);
    if (reason !== undefined) return failed(reason);
    throw error;
  }
};

/** With the archive's name: who reads an alarm or a log may have many. */
const archiveReason = async (deps: Installation, ref: RunRef, { message: reason }: ArchiveInvalid): Promise<string> => {
  const { request } = await operationOf(deps, ref);
  return request === undefined ? reason : refuse("ArchiveUnreadable", { blob: request.blob, reason }).message;
};

const fullDisk = (error: unknown): StoreFailure | string | undefined => {
  if (isStoreFailure(error, "Full")) return error;
  return isCode(error, "ENOSPC", "EDQUOT") ? errorCode(error) : undefined;
};

const diskReason = (error: unknown): string | undefined => {
  const message = messageOf(error);
  // FAT and exFAT: the kernel says that it is not allowed, drivers in user space that they do not know the call.
  if (isCode(error, "EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP") && systemCall(error) === "symlink")
    return `The site's file system cannot hold the links of the archive (${message}). Restore other paths.`;
  if (isCode(error, "EROFS", "EACCES", "EPERM"))
    return `The service may not write where the site lies (${message}). Give it the right to.`;
  // Staging begins in empty folders: names that differ for the archive are one for the file system, or none.
  if (isCode(error, "EEXIST", "EINVAL", "EILSEQ") && message.includes("/staged-"))
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
