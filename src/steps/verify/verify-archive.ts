import { ArchiveInvalid } from "../../archive/archive-invalid.ts";
import { objectSource } from "../../archive/read/byte-source.ts";
import type { CommitId } from "../../archive/directory/commit-id.ts";
import { openArchive, type Archive } from "../../archive/read/open-archive.ts";
import { verifyDirectory, verifyEntries } from "../../archive/read/verify-archive.ts";
import { isRestorable, zipName, type Backup } from "../../domain/backup.ts";
import { pathText } from "../../domain/byte-path.ts";
import { siteLabel } from "../../domain/site.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import { readBackup } from "../../operations/rows/backup-rows.ts";
import { clearRun } from "../../operations/rows/clear-run.ts";
import { sitePartition } from "../../operations/rows/keys.ts";
import {
  readOperation,
  replaceOperation,
  type Operation,
  type Verification,
} from "../../operations/rows/operation-rows.ts";
import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { manifestFaults } from "./manifest-faults.ts";
import { asOutcome } from "../outcome.ts";
import { failed } from "../owns-site.ts";
import { noteVerified } from "./note-damage.ts";
import { verifyProgress } from "./verify-progress.ts";

/**
 * Checks the archive from entry `from` on for about a minute, and keeps what it found in the operation's row: the row
 * says how far it came, so a part that runs twice counts once.
 */
export const verifyArchive =
  (deps: Installation, share = defaultShare) =>
  (input: StepInput<"verifyArchive">, call: Call): Promise<StepResult<"verifyArchive">> =>
    asOutcome(async () => {
      const found = await readOperation(deps.catalog, input.site, input.operation);
      if (found !== undefined && isAnothers(deps, found.operation)) return { ok: true };
      if (found?.operation.status !== "InProgress") return over(deps, input);
      if (found.operation.cancelled !== undefined) return cancel(deps, input, found);
      const { operation, version } = found;
      const before = operation.verification ?? nothing;
      if (input.failure !== undefined) {
        await write(deps, input, { ...closed(deps, operation, "Failed"), log: input.failure }, version);
        return over(deps, input);
      }
      if (before.checked !== input.from) return { ok: true, next: before.checked };
      const row = await readBackup(deps.catalog, input.site, operation.backup ?? 0);
      if (row === undefined || !isRestorable(row.backup.status)) return failed("The backup was deleted meanwhile.");
      const after = await goOn(deps, input, { backup: row.backup, before, share });
      const isDone = after.checked === after.entries;
      // Before the operation ends: nobody comes back to one that has.
      if (isDone) await noteVerified(deps, row.backup, after);
      const next: Operation = { ...(isDone ? closed(deps, operation, "Succeeded") : operation), verification: after };
      if (!(await write(deps, input, next, version))) return goneMeanwhile(deps, input, { before, after });
      if (!isDone) return { ok: true, next: after.checked };
      const { faultCount } = after;
      call.log.info("backup verified", { site: siteLabel(input.site), backup: row.backup.id, faults: faultCount });
      return over(deps, input);
    });

/** Nobody comes back to a verify that has ended. */
const over = async (
  { catalog }: Installation,
  { site, run }: StepInput<"verifyArchive">,
): Promise<StepResult<"verifyArchive">> => {
  await clearRun(catalog, site, run);
  return { ok: true };
};

/** This process was believed dead, and another goes on with it. */
const isAnothers = ({ hub: own }: Installation, { hub }: Operation): boolean =>
  own !== undefined && hub !== undefined && hub !== own;

/** What one step does: short enough for every plan's time limit, its news after each part. */
const defaultShare = { milliseconds: 60_000, partEntries: 20_000, partBytes: 256 * 2 ** 20 };
type Share = typeof defaultShare;

const nothing: Verification = { quick: false, checked: 0, entries: 0, sizeBytes: 0, faultCount: 0, faults: [] };

const closed = ({ clock }: Installation, operation: Operation, status: Operation["status"]): Operation => ({
  ...operation,
  status,
  finished: clock.now().toISOString(),
});

const write = (
  deps: Installation,
  { site }: StepInput<"verifyArchive">,
  operation: Operation,
  version: string,
): Promise<boolean> => deps.catalog.write(sitePartition(site), [replaceOperation(operation, version)]);

type Found = NonNullable<Awaited<ReturnType<typeof readOperation>>>;

/** Ends with what was found so far: damage is damage, however little was read. */
const cancel = async (
  deps: Installation,
  input: StepInput<"verifyArchive">,
  { operation, version }: Found,
  verification = operation.verification ?? nothing,
): Promise<StepResult<"verifyArchive">> => {
  const { checked, entries, faultCount } = verification;
  const damage = faultCount === 0 ? "" : ` Damaged so far: ${faultCount}. Do not rely on the backup.`;
  const log = `It was cancelled after ${checked} of ${entries} entries.${damage}`;
  const row = await readBackup(deps.catalog, input.site, operation.backup ?? 0);
  if (row !== undefined && faultCount > 0) await noteVerified(deps, row.backup, verification);
  const ended: Operation = { ...closed(deps, operation, "Failed"), verification, log };
  if (!(await write(deps, input, ended, version))) return { ok: true, next: checked };
  return over(deps, input);
};

/** Another attempt has written, or somebody has cancelled it: then what this part found counts still. */
const goneMeanwhile = async (
  deps: Installation,
  input: StepInput<"verifyArchive">,
  { before, after }: { readonly before: Verification; readonly after: Verification },
): Promise<StepResult<"verifyArchive">> => {
  const found = await readOperation(deps.catalog, input.site, input.operation);
  const isCancelled = found?.operation.status === "InProgress" && found.operation.cancelled !== undefined;
  const isNext = isCancelled && (found.operation.verification ?? nothing).checked === before.checked;
  return isNext ? cancel(deps, input, found, after) : { ok: true, next: after.checked };
};

interface Part {
  readonly backup: Backup;
  readonly before: Verification;
  readonly share: Share;
}

const goOn = async (
  deps: Installation,
  input: StepInput<"verifyArchive">,
  { backup, before, share }: Part,
): Promise<Verification> => {
  const blob = zipName(backup.blobBase);
  const destination = await openContainer(deps, backup.destination);
  const object = await destination.head(blob);
  if (object === undefined) return withFaults({ ...before, checked: 0, entries: 0 }, [gone(blob)]);
  let archive: Archive;
  try {
    archive = await openArchive(objectSource(destination, object));
  } catch (error) {
    // Without a directory there is nothing more to look at.
    if (error instanceof ArchiveInvalid) return withFaults({ ...before, checked: 0, entries: 0 }, [faultOf(error)]);
    throw error;
  }
  const entries = archive.directory.length;
  const started = { ...before, entries, sizeBytes: object.sizeBytes };
  const { isOurs, faults } = await verifyDirectory(archive, {
    // The cast is safe: a restorable backup's id is what its seal computed.
    commitId: backup.commitId as CommitId | undefined,
  });
  const first =
    input.from > 0
      ? started
      : withFaults(started, [...faults.map(faultOf), ...(await manifestFaults(destination, backup))]);
  return checkParts(deps, input, { archive, isOurs, before: first, share });
};

interface Opened {
  readonly archive: Archive;
  readonly isOurs: boolean;
  readonly before: Verification;
  readonly share: Share;
}

const checkParts = async (
  deps: Installation,
  input: StepInput<"verifyArchive">,
  { archive, isOurs, before, share }: Opened,
): Promise<Verification> => {
  const end = deps.clock.now().getTime() + share.milliseconds;
  const tell = verifyProgress(deps, input, archive);
  let now = before;
  do {
    const places = partFrom(archive, now.checked, share);
    const report = await verifyEntries(archive, places, { runner: deps.threads, inflate: !now.quick, isOurs });
    now = withFaults({ ...now, checked: now.checked + places.length }, report.faults.map(faultOf), report.faultCount);
    await tell(now.checked);
  } while (now.checked < now.entries && deps.clock.now().getTime() < end && !(await isCancelled(deps, input)));
  return now;
};

const isCancelled = async (
  { catalog }: Pick<Installation, "catalog">,
  { site, operation }: StepInput<"verifyArchive">,
): Promise<boolean> => (await readOperation(catalog, site, operation))?.operation.cancelled !== undefined;

/** Entries in the order of their data, up to some hundred MiB. */
const partFrom = ({ byOffset, directory }: Archive, from: number, { partEntries, partBytes }: Share): Uint32Array => {
  let bytes = 0;
  let to = from;
  while (to < byOffset.length && to - from < partEntries && bytes < partBytes)
    bytes += directory.storedBytes(byOffset[to++] ?? 0);
  return byOffset.subarray(from, to);
};

type Fault = Verification["faults"][number];

const mostFaults = 100;

const withFaults = (to: Verification, faults: readonly Fault[], count = faults.length): Verification => ({
  ...to,
  faultCount: to.faultCount + count,
  faults: [...to.faults, ...faults].slice(0, mostFaults),
});

const faultOf = ({ entry, code, message }: ArchiveInvalid): Fault => ({
  ...(entry === undefined ? {} : { path: pathText(entry) }),
  code,
  problem: message,
});

const gone = (blob: string): Fault => ({
  code: "Missing",
  problem: `${blob} is not in the container any more. Take another backup.`,
});
