import type { Backup, BackupStatus } from "../../src/domain/backup.ts";
import { siteKey, type SiteId } from "../../src/domain/site.ts";
import type { Installation, Policy } from "../../src/operations/installation.ts";
import { readBackups } from "../../src/operations/rows/backup-rows.ts";
import { startDue } from "../../src/operations/sweeps/start-due.ts";
import type { Call } from "../../src/ports/call.ts";
import type { Catalog } from "../../src/ports/catalog.ts";
import { changeBackup } from "../../src/steps/backup/backup-row.ts";
import { closeBackup } from "../../src/steps/backup/close-backup.ts";
import { scratchOf } from "../../src/steps/scratch.ts";
import type { BackupRef } from "../../src/workflows/contract.ts";
import { memoryInstallation } from "./installation.ts";

export const siteNamed = (name: string): SiteId => ({ subscription: "s", resourceGroup: "g", name });

interface WorldOptions {
  readonly policy?: Partial<Policy>;
  readonly catalog?: Catalog;
}

/**
 * An installation in memory whose clock a test moves and whose runs a test ends: what a backup does between its row and its
 * last step takes no time here; rows, names and the last step are the real ones.
 */
export const plannedWorld = (names: readonly string[], { policy = {}, catalog }: WorldOptions = {}) => {
  const given = memoryInstallation();
  given.sites.clear();
  for (const name of names)
    given.sites.set(siteKey(siteNamed(name)), { id: siteNamed(name), location: "Local", tier: "Standard" });
  const deps: Installation = {
    ...given.deps,
    ...(catalog === undefined ? {} : { catalog }),
    policy: { ...given.deps.policy, ...policy },
  };
  const open = new Map<string, BackupRef>();
  const call: Call = {
    ...given.call,
    runner: {
      ...given.call.runner,
      start: async (workflow, run, input) => {
        await given.call.runner.start(workflow, run, input);
        // Safe: a backup's workflow gets a BackupRef.
        if (workflow === "backupSite") open.set(run, input as BackupRef);
      },
      state: async (run) => (open.has(run) ? "running" : undefined),
    },
  };

  /** Ends a run that was started, by its last step. */
  const end = async (ref: BackupRef, status: BackupStatus = "Succeeded"): Promise<void> => {
    await changeBackup(deps, ref, (backup) => ({ ...backup, status: "InProgress" }));
    const scratch = scratchOf(await deps.scratch(), ref.run);
    const summary =
      status === "Failed" ? {} : { summary: await scratch.putJson({ status, sizeBytes: 1, commitId: ref.run }) };
    await closeBackup(deps)({ ...ref, ...summary, ...(status === "Failed" ? { failure: "It failed." } : {}) }, call);
    open.delete(ref.run);
  };

  return {
    ...given,
    deps,
    call,
    open,
    end,
    endAll: async (status?: BackupStatus): Promise<void> => {
      for (const ref of open.values()) await end(ref, status);
    },
    /** The minute's tick at a time of the test's. */
    tickAt: async (time: Date): Promise<void> => {
      given.clock.time = time;
      await startDue(deps)(call);
    },
    backups: async (site: SiteId): Promise<readonly Backup[]> => readBackups(deps.catalog, site),
  };
};
