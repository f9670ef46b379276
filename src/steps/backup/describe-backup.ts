import { configurationEntryName } from "../../archive/read/configuration-entry.ts";
import { leftOutLine } from "../../archive/listing/list-site.ts";
import { pathFromText, pathText, type BytePath } from "../../domain/byte-path.ts";
import { backupWithFiles, logName, manifestName, shortenLog, zipName, type Backup } from "../../domain/backup.ts";
import type { DatabaseReference } from "../../domain/database.ts";
import type { LeftOut } from "../../domain/listing.ts";
import { shrunkSite } from "../../domain/shrunk-site.ts";
import { dumpedBytes, manifestLeftOut, type Manifest, type ManifestDatabase } from "../../domain/manifest.ts";
import { writeManifest } from "../../manifest/write-manifest.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import { readBackups } from "../../operations/rows/backup-rows.ts";
import { nothingServed } from "../../operations/backups/served-files.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import {
  readAsked,
  readDumped,
  readPlan,
  readSeal,
  type BackupPlan,
  type BackupSummary,
  type Seal,
} from "./backup-plan.ts";
import { backingUp } from "./backing-up.ts";
import { backupOf } from "./backup-row.ts";
import { freeRoom } from "./describing-room.ts";
import { notePrevious } from "./previous-archive.ts";
import { lost, nameTaken, writeOwn } from "./own-blobs.ts";
import { failed, ownsSite } from "../owns-site.ts";
import { reportProgress } from "../progress.ts";
import { scratchOf, type Scratch } from "../scratch.ts";

/** Writes what people read, the manifest last: no manifest, no backup. */
export const describeBackup =
  (deps: Installation) =>
  (input: StepInput<"describeBackup">): Promise<StepResult<"describeBackup">> =>
    backingUp(deps, input, () => describe(deps, input));

const describe = async (
  deps: Installation,
  input: StepInput<"describeBackup">,
): Promise<StepResult<"describeBackup">> => {
  const progress = reportProgress(deps, input, "describe");
  progress.set({ phase: "Describing" });
  const workStorage = await deps.scratch();
  const scratch = scratchOf(workStorage, input.run);
  const facts = await gather(deps, scratch, input);
  const { backup, seal, lines } = facts;
  await progress.end();
  if (!(await ownsSite(deps, input))) return lost(deps, input);
  const destination = await openContainer(deps, backup.destination);
  const { commitId } = seal;
  const log = logName(backup.blobBase);
  await freeRoom({ destination: workStorage, backup, run: input.run });
  const summary = await scratch.putJson(summaryOf(facts, log));
  await freeRoom({ destination, backup, run: input.run });
  const written = async (name: string, bytes: Uint8Array): Promise<boolean> =>
    writeOwn(destination, name, { ref: input, backup, commitId, bytes });
  if (lines.length > 0 && !(await written(log, Buffer.from(`${lines.join("\n")}\n`)))) return failed(nameTaken(log));
  const manifest = manifestName(backup.blobBase);
  if (!(await written(manifest, writeManifest(manifestOf(deps, facts))))) return failed(nameTaken(manifest));
  if (!(await ownsSite(deps, input))) return lost(deps, input);
  await tellDamage(deps, facts);
  return { ok: true, summary };
};

const tellDamage = async (deps: Installation, { input: { site }, plan: { previous }, seal }: Facts): Promise<void> => {
  const [first] = seal.damaged;
  if (first === undefined || previous === undefined) return;
  const what = `${seal.damaged.length} of its files are damaged, the first: ${pathText(first)}.`;
  await notePrevious(deps, { site, previous }, what);
};

interface Facts {
  readonly input: StepInput<"describeBackup">;
  readonly backup: Backup;
  readonly plan: BackupPlan;
  readonly seal: Seal;
  readonly leftOut: readonly LeftOut[];
  readonly databases: readonly ManifestDatabase[];
  /** Those that are not in it, or are in it with less than promised, and why. */
  readonly missing: readonly string[];
  /** The one that holds what the site serves, where nothing of that is there any more. */
  readonly withFiles: Backup | undefined;
  /** The whole log. */
  readonly lines: readonly string[];
}

const gather = async (deps: Installation, scratch: Scratch, input: StepInput<"describeBackup">): Promise<Facts> => {
  const plan = await readPlan(scratch, input.plan);
  const seal = await readSeal(scratch, input.seal);
  // Safe, both: written by this run's own steps.
  const opening = (await scratch.getJson(input.notes)) as readonly string[];
  const leftOut = [...((await scratch.getJson(plan.leftOut)) as readonly LeftOut[]), ...seal.leftOut];
  const { databases, missing: undumped, notes } = await dumpedDatabases(scratch, input, seal);
  const missing = [...undumped, ...seal.changed.filter((path) => plan.databasesAtRest?.includes(path)).map(tornLine)];
  const files = seal.contents.files + seal.contents.links;
  const before = await readBackups(deps.catalog, input.site);
  const withFiles = backupWithFiles({ serves: plan.serves, files }, before);
  const today = { files, bytes: seal.contents.contentBytes, filterLines: plan.filter.length };
  const lost = withFiles === undefined ? shrunkSite(today, before) : nothingServed(withFiles);
  const lines = [
    ...(lost === undefined ? [] : [`Warning: ${lost}`]),
    ...missing,
    ...notes,
    ...leftOut.map((one) => `Left out: ${leftOutLine(one)}`),
    ...(input.isProven ? [] : ["Warning: the SAS does not allow reading, so the backup could not be read back."]),
    ...seal.changed.map((path) => `Warning: ${pathText(path)} changed while it was read; it may be a mixture.`),
    ...seal.damaged.map(
      (path) => `Warning: ${pathText(path)} is damaged in the previous backup; here it comes from the site.`,
    ),
    ...opening,
    ...plan.notes,
  ];
  return { input, backup: await backupOf(deps, input), plan, seal, leftOut, databases, missing, withFiles, lines };
};

const tornLine = (path: BytePath): string =>
  leftOutLine({
    path,
    reason: "Warning: it is a SQLite database that somebody opened and wrote to while it was read; do not rely on it.",
  });

const dumpedDatabases = async (
  scratch: Scratch,
  { databases, dumps = [] }: StepInput<"describeBackup">,
  { rootEntries }: Seal,
): Promise<Pick<Facts, "databases" | "missing"> & { readonly notes: readonly string[] }> => {
  const asked = databases === undefined ? [] : await readAsked(scratch, databases);
  const found: ManifestDatabase[] = [];
  const missing: string[] = [];
  for (const [place, { reference, entry, tool, toolVersion }] of asked.entries()) {
    const dumped = await readDumped(scratch, dumps[place] ?? "");
    const root = rootEntries.find(({ name }) => name === pathFromText(entry));
    if ("problem" in dumped) missing.push(`Not in this backup: the database ${reference.name}. ${dumped.problem}`);
    else if (root === undefined) throw new Error(`The dump ${entry} is not in the archive.`);
    else {
      const { name, ...content } = root;
      found.push({ ...reference, entry: name, tool, toolVersion, ...content });
      missing.push(...dumped.lacks);
    }
  }
  const notes = asked.flatMap((one) => one.notes.map((note) => `The database ${one.reference.name}: ${note}`));
  return { databases: found, missing, notes };
};

const manifestOf = (deps: Installation, { input, backup, plan, seal, leftOut, databases }: Facts): Manifest => {
  const { id, name, scheduled, started = backup.created } = backup;
  const finished = deps.clock.now().toISOString();
  return {
    version: deps.version,
    site: backup.site,
    backup: { id, name, run: input.run, scheduled, started, finished },
    archive: { name: zipName(backup.blobBase), sizeBytes: seal.sizeBytes, commitId: seal.commitId },
    contents: { ...seal.contents, changedWhileRead: seal.changed.length },
    filter: plan.filter,
    leftOut: manifestLeftOut(leftOut),
    databases,
    configuration: {
      entry: configurationEntryName,
      ...(plan.recoveryKey === undefined ? {} : { recoveryKey: plan.recoveryKey }),
    },
  };
};

/** When anything that belongs to it is missing, or when nobody could look whether it is there. */
const isPartial = ({ input, plan, leftOut, missing, withFiles }: Facts): boolean =>
  leftOut.length > 0 || missing.length > 0 || plan.uncertain > 0 || !input.isProven || withFiles !== undefined;

const summaryOf = (facts: Facts, log: string): BackupSummary => ({
  status: isPartial(facts) ? "PartiallySucceeded" : "Succeeded",
  served: facts.plan.serves ? "present" : facts.withFiles === undefined ? "none" : "gone",
  ...contentsOf(facts),
  ...(facts.lines.length === 0 ? {} : { log: shortenLog(facts.lines, log) }),
});

const contentsOf = ({ backup, plan, seal, leftOut, databases }: Facts) => ({
  sizeBytes: seal.sizeBytes,
  siteBytes: seal.contents.contentBytes,
  ...(databases.length === 0 ? {} : { databaseBytes: dumpedBytes(databases) }),
  files: seal.contents.files + seal.contents.links,
  leftOut: leftOut.length,
  filterLines: plan.filter.length,
  commitId: seal.commitId,
  reusedBytes: plan.reusedBytes,
  chain: plan.chain,
  // Only what is in it: clients ask a restore for what they read here.
  ...(backup.databases === undefined ? {} : { databases: backup.databases.filter(isAmong(databases)) }),
});

const isAmong =
  (found: readonly ManifestDatabase[]) =>
  ({ name }: DatabaseReference): boolean =>
    found.some((one) => one.name === name);
