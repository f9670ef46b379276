import { siteLabel } from "../domain/site.ts";
import { StoreFailure } from "../domain/store-failure.ts";
import type { Installation } from "../operations/installation.ts";
import { readOpenRuns, type AnnouncedRun } from "../operations/rows/open-run-rows.ts";
import { readSiteRow } from "../operations/rows/site-row.ts";
import { runRef } from "../operations/runs/start-run.ts";
import type { Call } from "../ports/call.ts";
import type { DiskRoom } from "../ports/machine.ts";
import type { BackupRef, RunRef } from "../workflows/contract.ts";
import { dropStaged } from "./backup/backing-up.ts";
import { isCommitted } from "./backup/own-blobs.ts";
import { diskFull } from "./disk-full.ts";
import { restoreWithoutRoom } from "./restore/restore-without-room.ts";

/** With less than this free the catalog and the host's own store cannot be counted on to take what happens next. */
const leastBytes = 2 ** 18;

/** Where that much is free, some of it may be kept for the worst. */
const plentyBytes = 2 ** 26;

/**
 * Looks at the disk of the catalog. When it is so full that nothing can be written down, the room kept for that is given up:
 * runs go on for a while, and people can delete backups. Found full once more, runs are given up until there is room again,
 * the newest first: what they had staged is dropped. A step that is executed finds the disk full by itself, and an archive
 * that is whole already waits for the few bytes it lacks.
 */
export const watchRoom = (deps: Installation) => {
  let wasFull = false;
  return async (call: Call): Promise<void> => {
    const room = await deps.machine.catalogRoom();
    const isFull = !isEnough(room);
    if (room !== undefined && room.freeBytes >= plentyBytes) await deps.machine.keepReserve();
    else if (isFull && (await deps.machine.giveUpReserve()))
      call.log.error("the disk of the data folder is full: the room kept in reserve was given up");
    else if (isFull && wasFull) await giveUpRuns(deps, call);
    wasFull = isFull;
  };
};

/** Also where nobody can tell. */
const isEnough = (room: DiskRoom | undefined): boolean => room === undefined || room.freeBytes >= leastBytes;

const giveUpRuns = async (deps: Installation, call: Call): Promise<void> => {
  for (const open of (await readOpenRuns(deps.catalog)).toSorted((a, b) => b.since.localeCompare(a.since)))
    if ((await giveUp(deps, call, open)) && isEnough(await deps.machine.catalogRoom())) return;
};

/** Whether it was. */
const giveUp = async (deps: Installation, call: Call, { site, run, deletes }: AnnouncedRun): Promise<boolean> => {
  const { runsAtWork } = deps;
  const mayNot = (): boolean => runsAtWork.isExecuting(run) || runsAtWork.whyGivenUp(run) !== undefined;
  if (deletes !== undefined || mayNot()) return false;
  const row = await readSiteRow(deps.catalog, site);
  if (row.run?.id !== run) return false;
  const { kind, backup } = row.run;
  const { ref } = runRef(site, row);
  try {
    const holds = backup === undefined ? await hasStaged(deps, ref) : !(await isCommitted(deps, { ...ref, backup }));
    const failure = await fullCatalog(deps);
    if (!holds || kind === "undo" || mayNot()) return false;
    // From here on none of its steps begins; only then may what they would need go.
    runsAtWork.giveUp(run, failure.message);
    const reason =
      backup === undefined
        ? await restoreWithoutRoom(deps, ref, failure)
        : await withoutBackup(deps, { ...ref, backup }, failure);
    runsAtWork.giveUp(run, reason);
    call.log.error("a run was given up: the disk is full", { site: siteLabel(site), run, reason });
    return true;
  } catch (error) {
    call.log.warn("a run could not be given up although the disk is full", { site: siteLabel(site), run, error });
    return false;
  }
};

const withoutBackup = async (deps: Installation, ref: BackupRef, failure: StoreFailure): Promise<string> => {
  const rests = await dropStaged(deps, ref);
  return diskFull(deps, failure, { rests, neededBytes: undefined });
};

const hasStaged = async ({ hosts }: Installation, { site, run }: RunRef): Promise<boolean> =>
  (await (await hosts.host(site)).exchange(run).state()) === "staged";

const fullCatalog = async ({ machine }: Installation): Promise<StoreFailure> => {
  const folder = (await machine.catalogRoom())?.folder ?? "";
  const trouble = "Lifeboat could not write down how its runs go on";
  return new StoreFailure("Full", `${trouble}: the disk of ${folder} is full. Free some space there.`, {
    disk: { folder, trouble },
  });
};
