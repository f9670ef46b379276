import { configurationBytes, configurationFromBytes } from "../../archive/read/configuration-entry.ts";
import { Secret } from "../../domain/secret.ts";
import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { keepConfigurationBefore, readConfigurationBefore } from "../../operations/rows/configuration-before-rows.ts";
import { configurationBeforeContext } from "../../operations/rows/sealed-fields.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteConfiguration, SiteHost } from "../../ports/site-host.ts";
import type { RunRef, StepInput, StepResult } from "../../workflows/contract.ts";
import { connectionStringOf } from "../../operations/databases/database-connection.ts";
import { connectionStringNameOf } from "../../operations/restores/plan-database-restore.ts";
import { wantedDatabases, type WantedDatabase } from "../../operations/restores/archived-databases.ts";
import { readLoadedDatabase } from "../../operations/rows/loaded-database-rows.ts";
import { adjustedConnectionStrings, type AdjustedDatabase } from "./adjusted-connection-strings.ts";
import { whereOf } from "./restored-databases.ts";
import { advancing, beyondCancelling } from "./advancing.ts";
import { wantedConfiguration } from "./wanted-configuration.ts";
import { ownsSite } from "../owns-site.ts";
import { reportProgress, RunLost } from "../progress.ts";
import { operationOf, readRecord, reopen, requestOf, type CheckedArchive, type RestoreReport } from "./restore-run.ts";
import { restoredConfiguration } from "./restored-configuration.ts";
import { scratchOf } from "../scratch.ts";

/**
 * Writes the archive's settings in the place of the site's, and connection strings after the databases that were restored;
 * what they replace is kept, sealed, before that.
 */
export const restoreConfiguration =
  (deps: Installation) =>
  (ref: StepInput<"restoreConfiguration">, call: Call): Promise<StepResult<"restoreConfiguration">> =>
    advancing(deps, ref, async (operation) => {
      // The last of the exchange, and the shortest: who cancels during it would wait for no less than for its undo.
      const stopped = await beyondCancelling(deps, ref);
      if (stopped !== undefined) return stopped;
      const request = requestOf(operation);
      const scratch = scratchOf(await deps.scratch(), ref.run);
      const report = async (lines: readonly string[]) => {
        const value: RestoreReport = { lines };
        return { ok: true as const, report: await scratch.putJson(value) };
      };
      const adjusts = request.adjustConnectionStrings === true;
      if (!request.configuration && !adjusts) return report([]);
      const { signal } = reportProgress(deps, ref, "configuration");
      const { commitId } = await readRecord<CheckedArchive>(scratch, ref.checked);
      const opened = await reopen(deps, request, { commitId, signal });
      const found = await wantedConfiguration(deps, operation, { archive: opened.archive, signal });
      // Why there is none, the check has said already.
      if (found.configuration === undefined && !adjusts) return report([]);
      const host = await deps.hosts.host(ref.site);
      const current = await configurationBefore(deps, ref, host);
      const restored =
        found.configuration === undefined
          ? { configuration: current, lines: [] }
          : restoredConfiguration(found.configuration, current);
      const wanted = adjusts ? await wantedDatabases(opened, operation.databases ?? []) : [];
      const databases = await reachedBy(deps, ref, { wanted, configuration: current });
      const { configuration, lines } = adjustedConnectionStrings(restored.configuration, databases);
      await host.settings.write(configuration, async () => {
        await mustOwn(deps, ref);
        // The run still owns the site then, and an attempt that stood still until now would write over what came back.
        if ((await operationOf(deps, ref)).putsBack === true) throw new RunLost(ref.run);
      });
      call.log.info("configuration restored", { site: siteLabel(ref.site), run: ref.run });
      return report([...restored.lines, ...lines]);
    });

const mustOwn = async (deps: Installation, ref: RunRef): Promise<void> => {
  if (!(await ownsSite(deps, ref))) throw new RunLost(ref.run);
};

/** The databases of this run, by the connection strings that it used. */
const reachedBy = async (
  deps: Installation,
  ref: RunRef,
  { wanted, configuration }: { readonly wanted: readonly WantedDatabase[]; readonly configuration: SiteConfiguration },
): Promise<readonly AdjustedDatabase[]> => {
  const adjusted = wanted.map(async (one, place): Promise<readonly AdjustedDatabase[]> => {
    const connectionStringName = connectionStringNameOf(one, configuration);
    const row = await readLoadedDatabase(deps.catalog, ref.site, { run: ref.run, place });
    if (row === undefined || connectionStringName === undefined) return [];
    const { reference } = row.database;
    const connectionString = connectionStringOf(reference, await whereOf(deps, row));
    return [{ name: reference.name, type: reference.type, connectionStringName, connectionString }];
  });
  return (await Promise.all(adjusted)).flat();
};

/** As it was before the first attempt of this step, also when that has written already. */
const configurationBefore = async (deps: Installation, ref: RunRef, host: SiteHost) => {
  const text = Buffer.from(configurationBytes(await host.settings.read())).toString("utf8");
  const sealed = await deps.sealer.seal(new Secret(text), configurationBeforeContext(ref.run));
  await keepConfigurationBefore(deps.catalog, ref.site, { run: ref.run, sealed });
  const before = await readBefore(deps, ref, ref.run);
  if (before === undefined) throw new Error(`What the configuration of ${ref.site.name} was could not be kept.`);
  return before;
};

const readBefore = async (deps: Installation, { site }: RunRef, run: string) => {
  const sealed = await readConfigurationBefore(deps.catalog, site, run);
  if (sealed === undefined) return undefined;
  const text = await deps.sealer.open(sealed, configurationBeforeContext(run));
  return configurationFromBytes(Buffer.from(text.reveal(), "utf8"));
};

/** Writes back what a restore run replaced; false when it replaced none. */
export const putConfigurationBack = async (
  deps: Installation,
  ref: RunRef,
  { run, host }: { readonly run: string; readonly host: SiteHost },
): Promise<boolean> => {
  const before = await readBefore(deps, ref, run);
  if (before !== undefined) await host.settings.write(before, () => mustOwn(deps, ref));
  return before !== undefined;
};
