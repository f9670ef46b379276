import { messageOf, refuse } from "../../domain/errors.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import type { FullDisk, StoreFailure } from "../../domain/store-failure.ts";
import type { Installation } from "../../operations/installation.ts";
import type { ExchangeState } from "../../ports/site-host.ts";
import type { RunRef, ScratchName } from "../../workflows/contract.ts";
import { readRecord, type RestorePlanRecord } from "./restore-run.ts";
import { scratchOf } from "../scratch.ts";

export type RestoreRef = RunRef & { readonly plan?: ScratchName };

/**
 * What a restore says that found a disk full: `full` is the store's failure, or the system's code where it is the site's own
 * disk. What it had staged beside the site goes at once, for it would keep the disk full.
 */
export const restoreWithoutRoom = async (
  deps: Installation,
  ref: RestoreRef,
  full: StoreFailure | string,
): Promise<string> => {
  const neededBytes = await stagedBytes(deps, ref);
  const rests = await dropStagedFiles(deps, ref);
  const disk = typeof full === "string" ? await siteDisk(deps, ref, full) : full.disk;
  const room = disk && (await deps.machine.roomOf(disk.folder));
  if (disk === undefined || room === undefined)
    return typeof full === "string"
      ? `The disk is full (${full}); ${rests}. Free some space, or restore fewer paths.`
      : full.message;
  return refuse("DiskFull", {
    what: `${disk.trouble}; ${rests}.`,
    folder: room.folder,
    free: showBytes(room.freeBytes),
    needed: neededBytes === undefined ? "more is" : `about ${showBytes(neededBytes)} are`,
    next: "Free some space, or restore fewer paths.",
  }).message;
};

const siteDisk = async ({ hosts }: Installation, { site }: RunRef, code: string): Promise<FullDisk | undefined> => {
  // Of a quota the disk knows nothing.
  const host = code === "ENOSPC" ? await hosts.host(site).catch(() => undefined) : undefined;
  return host && { folder: host.location, trouble: `Writing beside the site failed (${code})` };
};

const said: Readonly<Partial<Record<ExchangeState, string>>> = {
  none: "the site is as it was",
  staged: "what was staged was removed, the site is as it was",
};

/** Answers what is so now. Once the exchange has begun everything stays: it goes on, or back. */
const dropStagedFiles = async (deps: Installation, ref: RunRef): Promise<string> => {
  try {
    const exchange = (await deps.hosts.host(ref.site)).exchange(ref.run);
    const state = await exchange.state();
    if (state === "staged") await exchange.forget();
    return said[state] ?? "what was exchanged is put back";
  } catch (error) {
    return `what was staged could not be removed (${messageOf(error)})`;
  }
};

const stagedBytes = async (deps: Installation, { run, plan }: RestoreRef): Promise<number | undefined> => {
  if (plan === undefined) return undefined;
  try {
    const { counts } = await readRecord<RestorePlanRecord>(scratchOf(await deps.scratch(), run), plan);
    return counts.write.sizeBytes + counts.replace.sizeBytes;
  } catch {
    // It only says how much is needed; the reason of the failure is another.
    return undefined;
  }
};
