import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Operation } from "../../operations/rows/operation-rows.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteHost } from "../../ports/site-host.ts";
import type { RunRef } from "../../workflows/contract.ts";
import { changeOperation } from "./change-operation.ts";
import { RunLost } from "../progress.ts";
import { putConfigurationBack } from "./restore-configuration.ts";
import { operationOf } from "./restore-run.ts";
import { settleExchanges } from "./settle-exchanges.ts";

/**
 * Before anything else of a run that was taken over, also of one that was cancelled: what the runs before it exchanged is
 * put back, settings that they wrote too, newest first, and their stop is undone, for this run may take hours before it
 * comes to its own.
 */
export const settleFormerRuns = async (deps: Installation, ref: RunRef, call: Call): Promise<void> => {
  const { formerRuns = [], stopped } = await operationOf(deps, ref);
  if (formerRuns.length === 0) return;
  const host = await deps.hosts.host(ref.site);
  if ((await host.content()) === "missing") return;
  await settleExchanges(deps, { ref, host }, call);
  for (const run of formerRuns.toReversed()) await putConfigurationBack(deps, ref, { run, host });
  if (stopped === undefined) return;
  await host.start(ref.run);
  const changed = await changeOperation(deps, ref, (operation) => {
    const { stopped: _, ...running } = operation;
    return running;
  });
  if (changed === undefined) throw new RunLost(ref.run);
};

interface Taken {
  readonly operation: Operation;
  readonly host: SiteHost;
  readonly call: Call;
}

/**
 * A run that was taken over from may stop the site at any time; this one may end without having stopped it, and then would
 * not start it either. From here on such a stop undoes itself. What the site's command says is no reason not to end.
 */
export const startAfterFormerRuns = async (
  deps: Installation,
  ref: RunRef,
  { operation: { formerRuns = [], started }, host, call }: Taken,
): Promise<void> => {
  if (formerRuns.length === 0 || started === true) return;
  const before = await changeOperation(deps, ref, (operation) => ({ ...operation, started: true }));
  if (before === undefined) throw new RunLost(ref.run);
  try {
    await host.start(ref.run);
    await changeOperation(deps, ref, (operation) => ({ ...operation, up: true }));
  } catch (error) {
    call.log.error("a site could not be started after a restore", { site: siteLabel(ref.site), run: ref.run, error });
  }
};
