import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import { findSiteOrPast } from "../find-site.ts";
import { forgetOldOperations } from "../runs/forget-operations.ts";
import type { Installation } from "../installation.ts";
import { findRestorable } from "./read-backups.ts";
import { sitePartition } from "../rows/keys.ts";
import { insertOperation, replaceOperation, type Operation } from "../rows/operation-rows.ts";
import { runId } from "../runs/start-run.ts";

/** Reads a backup's whole archive and tells what is wrong with it. It takes no site: backups and restores go on meanwhile. */
export const verifyBackup =
  (deps: Installation) =>
  async (
    call: Call,
    id: SiteId,
    wish: { readonly backup: number; readonly quick: boolean },
  ): Promise<{ readonly site: SiteDefinition; readonly operation: Operation }> => {
    const site = await findSiteOrPast(deps, id);
    const backup = await findRestorable(deps, site.id, wish.backup);
    const operation: Operation = {
      id: deps.newId(),
      kind: "verify",
      run: runId("verify", deps, backup.id),
      status: "InProgress",
      created: deps.clock.now().toISOString(),
      backup: backup.id,
      ...(deps.hub === undefined ? {} : { hub: deps.hub }),
      verification: {
        quick: wish.quick,
        checked: 0,
        entries: 0,
        sizeBytes: backup.sizeBytes,
        faultCount: 0,
        faults: [],
      },
    };
    await forgetOldOperations(deps, site.id);
    await deps.catalog.write(sitePartition(site.id), [insertOperation(operation)]);
    await startVerify(call, site.id, operation);
    call.log.info("verify asked", { site: siteLabel(site.id), backup: backup.id, caller: call.caller });
    return { site, operation };
  };

/**
 * For whoever finds one that no workflow of his goes on with: false when a process with workflows of its own has it, and is
 * not believed dead. Of several that ask at the same time one gets it.
 */
export const claimVerify = async (
  { catalog, hub, runsAtWork }: Pick<Installation, "catalog" | "hub" | "runsAtWork">,
  site: SiteId,
  { operation, version }: { readonly operation: Operation; readonly version: string },
): Promise<boolean> => {
  const { hub: holder } = operation;
  if (hub === undefined || holder === hub) return true;
  if (holder !== undefined && !runsAtWork.isBelievedDead(holder)) return false;
  return catalog.write(sitePartition(site), [replaceOperation({ ...operation, hub }, version)]);
};

/** Idempotent, as every start. */
export const startVerify = (call: Call, site: SiteId, operation: Operation): Promise<void> =>
  call.runner.start("verifyBackup", operation.run, { site, run: operation.run, operation: operation.id });
