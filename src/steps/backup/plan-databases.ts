import { showBytes } from "../../domain/show-bytes.ts";
import { DatabaseFailure, dumpEntryNames, engineOf, type DatabaseReference } from "../../domain/database.ts";
import { siteLabel } from "../../domain/site.ts";
import { checkForBackup } from "../../operations/databases/check-for-backup.ts";
import { connectionOf, type WhereToLook } from "../../operations/databases/database-connection.ts";
import { openStrings } from "../../operations/databases/database-wishes.ts";
import type { Installation } from "../../operations/installation.ts";
import { backupKey } from "../../operations/rows/keys.ts";
import type { Call } from "../../ports/call.ts";
import type { BackupRef, StepResult } from "../../workflows/contract.ts";
import { backingUp } from "./backing-up.ts";
import type { AskedDatabase } from "./backup-plan.ts";
import { backupOf } from "./backup-row.ts";
import { failed } from "../owns-site.ts";
import { reportProgress } from "../progress.ts";
import { scratchOf } from "../scratch.ts";

/**
 * Asks every database whether it can be dumped, before the long work: a tool that is missing, a login that is refused, a
 * dump that would never end in time. One that cannot fails the backup, unless the caller wants the rest all the same.
 */
export const planDatabases =
  (deps: Installation) =>
  (ref: BackupRef, call: Call): Promise<StepResult<"planDatabases">> =>
    backingUp(deps, ref, async () => {
      const progress = reportProgress(deps, ref, "ask");
      const backup = await backupOf(deps, ref);
      const references = backup.databases ?? [];
      const scratch = scratchOf(await deps.scratch(), ref.run);
      const host = await deps.hosts.host(ref.site);
      progress.set({ phase: "Asking databases" });
      const where = {
        strings: await openStrings(deps, backupKey(backup.id), backup),
        configuration: await host.settings.read(),
      };
      const names = dumpEntryNames(references);
      const asked: AskedDatabase[] = [];
      for (const [place, reference] of references.entries())
        asked.push(await ask(deps, reference, { where, entry: names[place] ?? "", signal: progress.signal }));
      await progress.end();
      const problems = asked.flatMap(({ problem }) => problem ?? []);
      if (problems.length > 0 && backup.continueOnDatabaseError !== true) return failed(problems.join(" "));
      call.log.info("databases asked", { site: siteLabel(ref.site), backup: ref.backup, databases: asked.length });
      return { ok: true, databases: await scratch.putJson(asked) };
    });

interface Asking {
  readonly where: WhereToLook;
  readonly entry: string;
  readonly signal: AbortSignal;
}

const ask = async (
  deps: Installation,
  reference: DatabaseReference,
  { where, entry, signal }: Asking,
): Promise<AskedDatabase> => {
  try {
    const connection = connectionOf(reference, where);
    const check = await checkForBackup(deps.databaseTools[engineOf(reference.type)], connection, signal);
    const { tool, toolVersion, sizeBytes, weaker } = check;
    const late = tooLong(deps, reference, sizeBytes);
    return { reference, entry, sizeBytes, tool, toolVersion, notes: weaker, ...(late && { problem: late }) };
  } catch (error) {
    if (!(error instanceof DatabaseFailure)) throw error;
    return { reference, entry, sizeBytes: 0, tool: "", toolVersion: "", notes: [], problem: error.message };
  }
};

/** What a good server and a good line give; most give less. */
const fastBytesPerSecond = 100 * 2 ** 20;

/** A dump is one step, and the host ends steps that take longer than it allows. */
const tooLong = ({ policy }: Installation, { name }: DatabaseReference, sizeBytes: number): string | undefined => {
  const { functionTimeoutMs } = policy;
  const neededMs = (sizeBytes / fastBytesPerSecond) * 1_000;
  if (functionTimeoutMs === undefined || neededMs <= functionTimeoutMs) return undefined;
  const minutes = (ms: number): number => Math.ceil(ms / 60_000);
  return `The database ${name} holds ${showBytes(sizeBytes)}, whose dump takes ${minutes(neededMs)} minutes at best, and the host ends every step after ${minutes(functionTimeoutMs)} (functionTimeout in host.json). Raise that, on a plan that allows it, or dump this database by other means.`;
};
