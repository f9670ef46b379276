import { encodeConfiguration } from "../../archive/read/configuration-entry.ts";
import type { ListingColumns } from "../../archive/listing/listing-columns.ts";
import { listingBytes } from "../../archive/listing/listing-encoding.ts";
import { filterWarnings, leftOutLine, listSite, type SiteListing } from "../../archive/listing/list-site.ts";
import { blockBytesFor, defaultShardTarget, planShards } from "../../archive/listing/plan.ts";
import type { LeftOut } from "../../domain/listing.ts";
import { siteLabel, siteResourceId } from "../../domain/site.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import { checkRoomForArchive, checkRoomForCopies } from "../../operations/backups/room-for-backup.ts";
import { isServed, servesFiles } from "../../operations/backups/served-files.ts";
import { sizeProblem } from "../../operations/backups/size-limit.ts";
import type { Call } from "../../ports/call.ts";
import type { DestinationLimits } from "../../ports/destination.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import type { SiteConfiguration, SiteHost } from "../../ports/site-host.ts";
import type { ScratchName, StepInput, StepResult } from "../../workflows/contract.ts";
import { backingUp } from "./backing-up.ts";
import { readAsked, type BackupPlan } from "./backup-plan.ts";
import { backupOf, uploadOf } from "./backup-row.ts";
import { copyDatabaseFiles, type FoundDatabases } from "./database-files.ts";
import { failed } from "../owns-site.ts";
import { noReuse, openNewest, reuseOf, type Reuse } from "./previous-archive.ts";
import { reportProgress } from "../progress.ts";
import { scratchOf, type Scratch } from "../scratch.ts";

/** Lists the site, applies its filter, and cuts what is left into shards. */
export const planArchive =
  (deps: Installation) =>
  (input: StepInput<"planArchive">, call: Call): Promise<StepResult<"planArchive">> =>
    backingUp(deps, input, async () => {
      const progress = reportProgress(deps, input, "plan");
      progress.set({ phase: "Listing" });
      const { signal } = progress;
      const host = await deps.hosts.host(input.site);
      const backup = await backupOf(deps, input);
      const destination = await openContainer(deps, backup.destination);
      let serves = false;
      const [listed, newest, lacking] = await Promise.all([
        listSite(host.files, { signal, onExcluded: (entry) => (serves ||= isServed(entry)) }),
        input.fromScratch ? undefined : openNewest(deps, backup, signal),
        attributesNotKept(host.files, signal),
      ]);
      const scratch = scratchOf(await deps.scratch(), input.run);
      const dumpBytes = await dumpsBytes(scratch, input.databases);
      const tooLarge = await sizeProblem(deps, input.site, listed.sizeBytes + dumpBytes);
      if (tooLarge !== undefined) return failed(tooLarge);
      progress.set({ totalFiles: listed.listing.length, totalBytes: listed.sizeBytes + dumpBytes });
      const checkRoom = async (sizeBytes: number) => checkRoomForCopies(deps, await deps.scratch(), sizeBytes);
      const copied = await copyDatabaseFiles({ files: host.files, found: listed, scratch, signal, checkRoom });
      const { found } = copied;
      const today = { backup, found, files: host.files, scratch, signal };
      const reuse = newest === undefined ? noReuse(found.listing) : await reuseOf(deps, today, newest);
      // What an attempt before staged by copying is of no use any more, and would lie between the rest.
      if (input.fromScratch) await destination.abandon(uploadOf(backup, input.run));
      await checkRoomForArchive(deps, destination, { ...reuse, files: host.files, signal });
      const settings = await host.settings.read();
      serves ||= servesFiles(listed.listing);
      const plan = await planOf(deps, input, { host, scratch, settings, dumpBytes, copied, reuse, lacking, serves });
      await progress.end();
      signal.throwIfAborted();
      tellPlanned(call, input, plan);
      const [copies, shards] = [plan.copies.length, plan.shards.length];
      return { ok: true, plan: await scratch.putJson(plan), shards, copies, atATime: atATime(destination.limits) };
    });

interface Facts {
  readonly host: SiteHost;
  readonly scratch: Scratch;
  readonly settings: SiteConfiguration;
  readonly dumpBytes: number;
  readonly copied: FoundDatabases;
  readonly reuse: Reuse;
  readonly lacking: readonly LeftOut[];
  readonly serves: boolean;
}

const planOf = async (
  deps: Installation,
  { site }: StepInput<"planArchive">,
  { host, scratch, settings, dumpBytes, copied, reuse, lacking, serves }: Facts,
): Promise<BackupPlan> => {
  const { found, entries: databases } = copied;
  const { rest, notes, ...reused } = reuse;
  const sizeBytes = found.sizeBytes + databases.reduce((sum, database) => sum + database.sizeBytes, 0);
  const configuration = await encodeConfiguration(siteResourceId(site), settings, deps.recovery);
  const roots = host.files.listedRoots;
  return {
    planned: deps.clock.now().toISOString(),
    blockBytes: blockBytesFor(sizeBytes + dumpBytes),
    ...(roots === undefined ? {} : { roots }),
    entries: found.listing.length + databases.length,
    files: found.files + databases.length,
    sizeBytes,
    serves,
    shards: await storeShards(scratch, rest.with(databases)),
    databaseFiles: await scratch.putJson(copied.databases),
    databasesAtRest: copied.atRest,
    ...reused,
    configuration: await scratch.put(configuration),
    ...(deps.recovery.keyId === undefined ? {} : { recoveryKey: deps.recovery.keyId }),
    filter: found.filter.lines,
    leftOut: await scratch.putJson(found.leftOut),
    uncertain: copied.uncertain.length,
    notes: [
      ...copied.uncertain,
      ...notes,
      ...configurationNotes(deps),
      ...filterWarnings(found),
      ...attributeNotes(lacking, found),
    ],
  };
};

const tellPlanned = ({ log }: Call, { site, backup }: StepInput<"planArchive">, plan: BackupPlan): void => {
  const { files, sizeBytes: bytes, reusedBytes } = plan;
  log.info("backup planned", { site: siteLabel(site), backup, files, bytes, reusedBytes });
};

/** Several shards at a time keep the threads busy while one waits for the store; appended to one file they cannot. */
const atATime = (limits: DestinationLimits): number => (limits.appends ? 1 : 4);

const dumpsBytes = async (scratch: Scratch, databases: ScratchName | undefined): Promise<number> =>
  databases === undefined
    ? 0
    : (await readAsked(scratch, databases)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

const storeShards = async (scratch: Scratch, listing: ListingColumns): Promise<BackupPlan["shards"]> => {
  const stored = [];
  for (const shard of planShards(listing, defaultShardTarget)) {
    stored.push({ ...shard, listing: await scratch.put(listingBytes(listing, shard.from, shard.to)) });
  }
  return stored;
};

const configurationNotes = ({ recovery }: Installation): readonly string[] =>
  recovery.keyId === undefined
    ? ["Warning: settings are in the backup by name only, for there is no recovery key (LIFEBOAT_RECOVERY_KEY)."]
    : [];

const attributesNotKept = async (files: SiteFiles, signal: AbortSignal): Promise<readonly LeftOut[]> => {
  const lacking: LeftOut[] = [];
  if (files.attributesNotKept === undefined) return lacking;
  for await (const lost of files.attributesNotKept(signal)) lacking.push(lost);
  return lacking;
};

/** What every file of the backup will lack, as lines for the log; not for what is not in it. */
const attributeNotes = (lacking: readonly LeftOut[], { filter }: SiteListing): readonly string[] =>
  lacking.filter(({ path }) => filter.excludedBy(path) === undefined).map(leftOutLine);
