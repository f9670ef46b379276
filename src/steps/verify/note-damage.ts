import { shortenLog, type Backup } from "../../domain/backup.ts";
import type { Installation } from "../../operations/installation.ts";
import { changeBackupRow } from "../../operations/rows/backup-rows.ts";
import type { Verification } from "../../operations/rows/operation-rows.ts";
import { markSite } from "../../operations/rows/mark-rows.ts";

type Needs = Pick<Installation, "catalog" | "clock">;
type Noted = Pick<Backup, "site" | "id">;

/**
 * A backup that was found damaged says so wherever it is listed: in its log, before everything else. It is no good copy
 * any more for retention, and nothing is copied from it. Told twice, it is noted once.
 */
export const noteDamage = async (deps: Needs, noted: Noted, what: string): Promise<void> => {
  const when = deps.clock.now().toISOString();
  const told = `${what} Do not rely on this backup.`;
  await change(deps, noted, (backup) => {
    const log = (backup.log ?? "").split("\n");
    if (backup.damaged !== undefined && log[0]?.endsWith(told) === true) return undefined;
    return { ...backup, damaged: when, log: logOf([`Verified at ${when}: ${told}`, ...log]) };
  });
};

/** What a verification of all of it found: also that a backup which was called damaged is whole. */
export const noteVerified = async (deps: Needs, noted: Noted, found: Verification): Promise<void> => {
  const { faultCount, faults } = found;
  const howMany = faultCount === 1 ? "1 fault" : `${faultCount} faults, the first`;
  if (faultCount > 0) return noteDamage(deps, noted, `${howMany}: ${faults[0]?.problem ?? ""}`);
  if (found.quick) return;
  const line = `Verified at ${deps.clock.now().toISOString()}: all of it is whole again.`;
  await change(deps, noted, ({ damaged, ...backup }) =>
    damaged === undefined ? undefined : { ...backup, log: logOf([line, ...(backup.log ?? "").split("\n")]) },
  );
};

const logOf = (lines: readonly string[]): string => shortenLog(lines, "the operation's result").trimEnd();

/** Alarms and metrics hear of it also from an attempt that finds it noted: the one before may have died in between. */
const change = async (
  { catalog }: Needs,
  noted: Noted,
  decide: (backup: Backup) => Backup | undefined,
): Promise<void> => {
  if (await changeBackupRow(catalog, noted, decide)) await markSite(catalog, noted.site);
};
