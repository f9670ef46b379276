import { shortenLog } from "../../domain/backup.ts";
import { siteLabel } from "../../domain/site.ts";
import { tellEndedRestore } from "../../operations/runs/tell-ended.ts";
import { freeSite } from "../../operations/runs/free-site.ts";
import type { Installation } from "../../operations/installation.ts";
import { changeBackupRow } from "../../operations/rows/backup-rows.ts";
import { readOperation, replaceOperation, type Operation } from "../../operations/rows/operation-rows.ts";
import { changeSite, readSiteRow, withoutUndo, type SiteRow } from "../../operations/rows/site-row.ts";
import type { Call } from "../../ports/call.ts";
import type { ExchangeState, SiteHost } from "../../ports/site-host.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { beyondCancelling } from "./advancing.ts";
import { forgetUndo } from "./forget-undo.ts";
import { startAfterFormerRuns } from "./former-runs.ts";
import { endRun } from "../end-run.ts";
import { asEnd } from "../outcome.ts";
import { isOwner } from "../owns-site.ts";
import { RunLost } from "../progress.ts";
import { hasExchangedDatabases } from "./put-back-databases.ts";
import { operationOf, readRecord, type RestoreReport } from "./restore-run.ts";
import { scratchOf } from "../scratch.ts";
import { forgetExchanges } from "./settle-exchanges.ts";

type Input = StepInput<"closeRestore">;

/** Writes the end of a restore or undo and frees the site in one batch, then clears away what nobody needs any more. */
export const closeRestore =
  (deps: Installation) =>
  (input: Input, call: Call): Promise<StepResult<"closeRestore">> =>
    asEnd(async () => {
      const host = await hostOf(deps, input, call);
      await end(deps, input, { call, host }).catch((error: unknown) => {
        // Ended by an earlier attempt, or taken by another run: what is left is to clear away.
        if (!(error instanceof RunLost)) throw error;
        call.log.warn("run ended: another has its site", { site: siteLabel(input.site), run: input.run });
      });
      // Before the run is forgotten: until then somebody closes it again.
      await tellEndedRestore(deps, input.site, input.run);
      if (host !== undefined) await clearAway(deps, input, { call, host });
      await endRun(deps, input, call);
      return { ok: true };
    });

/** Undefined when the site is gone: the run has to end all the same. */
const hostOf = async (deps: Installation, { site }: Input, call: Call): Promise<SiteHost | undefined> => {
  try {
    const host = await deps.hosts.host(site);
    return (await host.content()) === "missing" ? undefined : host;
  } catch (error) {
    call.log.warn("the site of a restore cannot be reached", { site: siteLabel(site), error });
    return undefined;
  }
};

const end = async (
  deps: Installation,
  input: Input,
  { call, host }: { readonly call: Call; readonly host: SiteHost | undefined },
): Promise<void> => {
  // Where there was nothing to exchange, nobody has asked before.
  const stopped = await beyondCancelling(deps, input);
  const operation = await operationOf(deps, input);
  if (host !== undefined) await startAfterFormerRuns(deps, input, { operation, host, call });
  const failure = input.failure ?? stopped?.message;
  const isSuccess = failure === undefined;
  const state = (await host?.exchange(input.run).state()) ?? "none";
  const databases = await hasExchangedDatabases(deps, input.site, input.run);
  const told = { operation, failure, state, databases };
  const log = shortenLog(await linesOf(deps, input, told), "the service's log");
  const isHalf = !isSuccess && (databases || (await isHalfExchanged(host, { operation, state })));
  if (isSuccess) await noteRestored(deps, operation);
  const now = deps.clock.now();
  await changeSite(deps.catalog, input.site, async (row) => {
    if (!isOwner(input, row)) throw new RunLost(input.run);
    const found = await readOperation(deps.catalog, input.site, operation.id);
    if (found === undefined) throw new RunLost(input.run);
    const { recoveryKey: _, databaseSecrets: __, ...asked } = found.operation;
    const ended: Operation = {
      ...asked,
      status: isSuccess ? "Succeeded" : "Failed",
      finished: now.toISOString(),
      closed: true,
      ...(isHalf ? { half: true } : {}),
      log,
    };
    const days = Math.max(deps.policy.undoDays, isSuccess ? 0 : 1);
    const until = new Date(now.getTime() + days * 86_400_000).toISOString();
    const undo = undoAfter(row, { operation, isSuccess, state, databases, until });
    const kept = undo === undefined ? withoutUndo(row) : { ...row, undo };
    const freed = await freeSite(deps, input.site, kept);
    return { row: freed.row, also: [replaceOperation(ended, found.version), ...freed.also], result: undefined };
  });
  call.log.info(`${operation.kind} ended`, {
    site: siteLabel(input.site),
    run: input.run,
    status: isSuccess ? "Succeeded" : "Failed",
    log: log.slice(0, 500),
  });
};

/** Of a restore, whether anything of it is in the site; of an undo, whether it came half way. */
const isHalfExchanged = async (
  host: SiteHost | undefined,
  { operation: { kind, undoOf }, state }: Pick<Ending, "operation" | "state">,
): Promise<boolean> => {
  if (kind === "undo" && undoOf !== undefined) return (await host?.exchange(undoOf).state()) === "puttingBack";
  return isInSite(state);
};

/** Whether anything of a restore with such an exchange is in the site. */
const isInSite = (state: ExchangeState): boolean =>
  state === "swapped" || state === "swapping" || state === "puttingBack";

interface Ending {
  readonly operation: Operation;
  readonly isSuccess: boolean;
  readonly state: ExchangeState;
  /** Databases were exchanged. */
  readonly databases: boolean;
  readonly until: string;
}

/**
 * What can be undone from here on. A restore that exchanged content comes in the place of the one before it, also one that
 * failed and could not be put back: then an undo is the way to try again.
 */
const undoAfter = ({ undo }: SiteRow, { operation, isSuccess, state, databases, until }: Ending): SiteRow["undo"] => {
  // What an earlier restore replaced is kept still when the one that was put back had been given up.
  if (operation.kind === "undo") return isSuccess && undo?.run === operation.undoOf ? undefined : undo;
  return databases || isInSite(state) ? { run: operation.run, operation: operation.id, until } : undo;
};

interface Told extends Pick<Ending, "operation" | "state" | "databases"> {
  readonly failure: string | undefined;
}

/** What was planned is done once the content is exchanged, also where the site could not be started then. */
const doneLine = (line: string, { failure, state }: Pick<Told, "failure" | "state">): string => {
  if (failure === undefined || state === "swapped") return line;
  const planned = isInSite(state) ? "Planned, done in part" : "Planned, not done";
  return `${planned}: ${line.charAt(0).toLowerCase()}${line.slice(1)}`;
};

const linesOf = async (deps: Installation, input: Input, told: Told): Promise<readonly string[]> => {
  const { operation, failure } = told;
  const scratch = scratchOf(await deps.scratch(), input.run);
  const lines = failure === undefined ? [] : [failure];
  if (failure !== undefined && operation.stopped !== undefined && operation.up !== true)
    lines.push("The site is still stopped: start it by hand.");
  if (operation.cancelled !== undefined && operation.stopped === undefined) lines.push("The site was not touched.");
  for (const name of input.reports) {
    const report = await readRecord<RestoreReport>(scratch, name);
    lines.push(...(report.done ?? []).map((line) => doneLine(line, told)), ...report.lines);
  }
  if (operation.stopped === "page")
    lines.push("The site has no stop command: writes of its own during the exchange are not excluded.");
  if (
    operation.kind === "restore" &&
    !told.databases &&
    !isInSite(told.state) &&
    (await readSiteRow(deps.catalog, input.site)).undo !== undefined
  )
    lines.push("An undo still takes back the restore before this one, for nothing of this one is in the site.");
  return lines;
};

/** ARM's lastRestoreTimeStamp. */
const noteRestored = async (deps: Installation, { request }: Operation): Promise<void> => {
  if (request?.backup === undefined || request.backupSite === undefined) return;
  const lastRestored = deps.clock.now().toISOString();
  const id = request.backup;
  await changeBackupRow(deps.catalog, { site: request.backupSite, id }, (backup) => ({ ...backup, lastRestored }));
};

/** Rests that cannot be removed now are no reason to fail: the site's next run removes them. */
const clearAway = async (
  deps: Installation,
  input: Input,
  { call, host }: { readonly call: Call; readonly host: SiteHost },
): Promise<void> => {
  try {
    if (deps.policy.undoDays === 0 && input.failure === undefined)
      await forgetUndo(deps, input.site, { run: input.run, host });
    await forgetExchanges(deps, { ref: input, host, log: call.log });
  } catch (error) {
    call.log.warn("rests of a restore stay beside the site", { site: siteLabel(input.site), run: input.run, error });
  }
};
