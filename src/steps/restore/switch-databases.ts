import { DatabaseFailure } from "../../domain/database.ts";
import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { readLoadedDatabase, type LoadedDatabase } from "../../operations/rows/loaded-database-rows.ts";
import type { Call } from "../../ports/call.ts";
import type { RunRef, StepInput, StepResult } from "../../workflows/contract.ts";
import { advancing } from "./advancing.ts";
import { failed, ownsSite, runLost } from "../owns-site.ts";
import { reportProgress } from "../progress.ts";
import { readRecord, type RestoreReport } from "./restore-run.ts";
import { changeLoaded, exchangedNames, reach, type Reached } from "./restored-databases.ts";
import { scratchOf } from "../scratch.ts";
import type { LoadedRecord } from "./load-database.ts";

/**
 * Makes every loaded database the live one. Each exchange is written down before it begins: from then on putting back
 * looks at it. Names that stand in the row already are an earlier attempt's, and are finished.
 */
export const switchDatabases =
  (deps: Installation) =>
  (input: StepInput<"switchDatabases">, call: Call): Promise<StepResult<"switchDatabases">> =>
    advancing(deps, input, () =>
      waitingOnce(deps, async () => {
        const progress = reportProgress(deps, input, "switch");
        progress.set({ phase: "Exchanging databases" });
        const scratch = scratchOf(await deps.scratch(), input.run);
        const lines: string[] = [];
        for (const name of input.loaded) {
          const { place, scratch: loaded } = await readRecord<LoadedRecord>(scratch, name);
          const gone = await lostLoad(deps, input, { place, loaded });
          if (gone !== undefined) return failed(gone);
          const row = await changeLoaded(deps, input, {
            place,
            change: (database) => ({ ...database, chosen: database.chosen ?? loaded, state: "switching" }),
          });
          const { tool, connection, label } = await reach(deps, row);
          if (!(await ownsSite(deps, input))) return runLost;
          const { notes } = await tool.switchIn(connection, exchangedNames(row.database));
          await changeLoaded(deps, input, { place, change: (database) => ({ ...database, state: "switched" }) });
          await dropOthers(row.database, { tool, connection, call });
          lines.push(`The database ${row.database.reference.name} was restored (${label}).`, ...notes);
          call.log.info("database exchanged", { site: siteLabel(input.site), run: input.run, database: label });
        }
        await progress.end();
        const report: RestoreReport = { lines };
        return { ok: true, report: await scratch.putJson(report) };
      }),
    );

const longWaitMs = 60_000;

/**
 * The site is stopped: a server that was waited for that long is not waited for again, what was exchanged goes back at once.
 * One that is away and says so may be back at the next attempt.
 */
const waitingOnce = async <Value>(
  { clock }: Pick<Installation, "clock">,
  work: () => Promise<Value>,
): Promise<Value> => {
  const began = clock.now().getTime();
  try {
    return await work();
  } catch (error) {
    const isAway = error instanceof DatabaseFailure && error.kind === "Unreachable";
    if (!isAway || clock.now().getTime() - began < longWaitMs) throw error;
    throw new DatabaseFailure("TimedOut", error.message, { cause: error });
  }
};

/**
 * Why there is nothing to exchange. A tool takes a loaded database that is not there for one that is live by now, which is
 * right only where an exchange was begun.
 */
const lostLoad = async (
  deps: Installation,
  { site, run }: RunRef,
  { place, loaded }: { readonly place: number; readonly loaded: string },
): Promise<string | undefined> => {
  const row = await readLoadedDatabase(deps.catalog, site, { run, place });
  if (row === undefined || row.database.chosen !== undefined) return undefined;
  const { tool, connection, label } = await reach(deps, row);
  if ((await tool.listOwn(connection)).includes(loaded)) return undefined;
  return `The database ${loaded}, loaded to become ${label}, was removed by others before it could; nothing was exchanged. Restore again.`;
};

/** What attempts made whose answer was lost. What cannot be dropped now goes with what is kept. */
const dropOthers = async (
  { scratches, chosen }: LoadedDatabase,
  { tool, connection, call }: Pick<Reached, "tool" | "connection"> & { readonly call: Call },
): Promise<void> => {
  for (const name of scratches.filter((one) => one !== chosen))
    await tool.drop(connection, name).catch((error: unknown) => {
      call.log.warn("a scratch database stays until housekeeping drops it", { name, error });
    });
};
