import { refuse } from "../../domain/errors.ts";
import { siteLabel } from "../../domain/site.ts";
import { connectionStringOf } from "../../operations/databases/database-connection.ts";
import { openStrings } from "../../operations/databases/database-wishes.ts";
import type { Installation } from "../../operations/installation.ts";
import { wantedDatabases } from "../../operations/restores/archived-databases.ts";
import { planDatabaseRestore, type PlannedDatabase } from "../../operations/restores/plan-database-restore.ts";
import { operationKey } from "../../operations/rows/keys.ts";
import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { advancing } from "./advancing.ts";
import { reportProgress } from "../progress.ts";
import { readRecord, reopen, requestOf, type CheckedArchive, type RestoreReport } from "./restore-run.ts";
import { scratchOf } from "../scratch.ts";
import { writeDownDatabase } from "./write-down-database.ts";

/**
 * Asks every server whether its database can be restored, and writes down where each is before anything is made there:
 * what this run leaves behind is found by it, also when the site's connection strings are others by then.
 */
export const checkDatabases =
  (deps: Installation) =>
  (input: StepInput<"checkDatabases">, call: Call): Promise<StepResult<"checkDatabases">> =>
    advancing(deps, input, async (operation) => {
      const request = requestOf(operation);
      const progress = reportProgress(deps, input, "databases");
      progress.set({ phase: "Asking databases" });
      const { signal } = progress;
      const scratch = scratchOf(await deps.scratch(), input.run);
      const { commitId } = await readRecord<CheckedArchive>(scratch, input.checked);
      const opened = await reopen(deps, request, { commitId, signal });
      const wanted = await wantedDatabases(opened, operation.databases ?? []);
      const strings = await openStrings(deps, operationKey(operation.id), operation);
      const host = await deps.hosts.host(input.site);
      const configuration = await host.settings.read();
      const { overwrite } = request;
      const isTrusted = opened.isKnown || request.allowUnknownDumps === true;
      const adjusts = request.adjustConnectionStrings === true;
      const planning = { wanted, strings, configuration, overwrite, isTrusted, adjusts, signal };
      const planned = await planDatabaseRestore(deps, planning);
      const problems = planned.flatMap(({ problem }) => problem ?? []);
      if (problems.length > 0) throw refuse("RestoreFailed", { reason: problems.join(" ") });
      for (const [place, one] of planned.entries())
        await writeDownDatabase(deps, input, {
          place,
          reference: one.wanted.reference,
          connectionString: connectionStringOf(one.wanted.reference, { strings, configuration }),
          replaces: one.check?.content !== "missing",
        });
      await progress.end();
      signal.throwIfAborted();
      call.log.info("databases checked", { site: siteLabel(input.site), run: input.run, databases: planned.length });
      const report: RestoreReport = { lines: planned.flatMap(linesOf) };
      return { ok: true, report: await scratch.putJson(report) };
    });

const linesOf = ({ wanted, target, check }: PlannedDatabase): readonly string[] => [
  `The database ${wanted.reference.name} goes to ${target}${check?.content === "missing" ? ", where it is made" : ""}.`,
  ...(check?.weaker ?? []).map((weaker) => `The database ${wanted.reference.name}: ${weaker}`),
];
