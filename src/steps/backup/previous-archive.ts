import { copyShards } from "../../archive/reuse/copy-shards.ts";
import { encodeCopyShard } from "../../archive/reuse/copy-shard-encoding.ts";
import { leftOutLine, type SiteListing } from "../../archive/listing/list-site.ts";
import type { ListingColumns } from "../../archive/listing/listing-columns.ts";
import { entriesToPack, planReuse } from "../../archive/reuse/reuse-plan.ts";
import { openPrevious, type PreviousArchive } from "../../archive/reuse/reuse-source.ts";
import { SourceLost } from "../../archive/reuse/source-lost.ts";
import { isRestorable, isSound, zipName, type Backup } from "../../domain/backup.ts";
import { Refusal } from "../../domain/errors.ts";
import type { SiteId } from "../../domain/site.ts";
import { SecretUnreadable } from "../../domain/secret.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import { readBackups } from "../../operations/rows/backup-rows.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import { noteDamage } from "../verify/note-damage.ts";
import type { BackupPlan } from "./backup-plan.ts";
import type { Scratch } from "../scratch.ts";

/** Every so many backups in a row one is packed from the site alone. */
const everyFromScratch = 14;

/** Where only the content tells what has changed, the step reads for this long; whatever it did not get to is packed. */
const readingMs = 3 * 60_000;

export type Reuse = Pick<BackupPlan, "previous" | "copies" | "reusedBytes" | "chain"> & {
  /** What the previous archive cannot give. */
  readonly rest: ListingColumns;
  /** Lines for the log. */
  readonly notes: readonly string[];
};

export const noReuse = (listing: ListingColumns, ...notes: readonly string[]): Reuse => ({
  rest: listing,
  copies: [],
  reusedBytes: 0,
  chain: 0,
  notes,
});

interface Today {
  readonly backup: Backup;
  readonly found: SiteListing;
  readonly files: SiteFiles;
  readonly scratch: Scratch;
  readonly signal: AbortSignal;
}

/** The newest archive of a site. */
interface Newest {
  readonly last: Archived;
  readonly chain: number;
  /** Or a line for the log about why nothing is copied from it. */
  readonly opened: PreviousArchive | string;
}

/** Undefined where there is none, or one more that copies from others would be too many. */
export const openNewest = async (
  deps: Installation,
  backup: Backup,
  signal: AbortSignal,
): Promise<Newest | undefined> => {
  const last = await lastArchive(deps, backup);
  const chain = (last?.chain ?? 0) + 1;
  if (last === undefined || chain >= everyFromScratch) return undefined;
  return { last, chain, opened: await openLast(deps, last, signal) };
};

/** What of today's site is copied out of the newest archive. An archive that cannot be had is no reason to fail: it is only a cache. */
export const reuseOf = async (deps: Installation, today: Today, { last, chain, opened }: Newest): Promise<Reuse> => {
  const { listing } = today.found;
  if (typeof opened === "string") return noReuse(listing, opened);
  const { archive, object } = opened;
  const began = deps.clock.now().getTime();
  const reread = { run: today.backup.id, every: everyFromScratch };
  const plan = await planReuse(
    archive.directory,
    { listing, files: today.files },
    {
      runner: deps.threads,
      signal: today.signal,
      reread,
      hasTime: () => deps.clock.now().getTime() - began < readingMs,
    },
  );
  const copies: string[] = [];
  for (const shard of copyShards(archive, { listing, plan, reread }))
    copies.push(await today.scratch.put(encodeCopyShard(shard)));
  return {
    rest: entriesToPack(listing, plan),
    copies,
    previous: { destination: last.destination, object: { ...object, commitId: last.commitId } },
    reusedBytes: plan.copiedBytes,
    chain,
    notes: plan.disagreed.map((path) =>
      leftOutLine({ path, reason: "its content changed although its times did not; it was packed anew." }),
    ),
  };
};

type Archived = Backup & { readonly commitId: string };

const lastArchive = async (deps: Installation, backup: Backup): Promise<Archived | undefined> => {
  const backups = await readBackups(deps.catalog, backup.site);
  return backups.filter((one): one is Archived => isSound(one) && one.commitId !== undefined).at(-1);
};

/** What copying from an archive found out about it is told where its own backup is listed, too. */
export const notePrevious = async (
  deps: Installation,
  { site, previous }: { readonly site: SiteId; readonly previous: NonNullable<BackupPlan["previous"]> },
  what: string,
): Promise<void> => {
  const { destination, object } = previous;
  for (const backup of await readBackups(deps.catalog, site))
    if (isRestorable(backup.status) && backup.commitId === object.commitId && backup.destination === destination)
      await noteDamage(deps, backup, what);
};

/** The archive, or a line for the log about why nothing is copied from it. */
const openLast = async (deps: Installation, last: Archived, signal: AbortSignal): Promise<PreviousArchive | string> => {
  try {
    const container = await openContainer(deps, last.destination);
    return await openPrevious(container, { name: zipName(last.blobBase), commitId: last.commitId }, signal);
  } catch (error) {
    if (error instanceof SourceLost && error.isDamage) await noteDamage(deps, last, error.what);
    if (
      error instanceof SourceLost ||
      error instanceof Refusal ||
      error instanceof SecretUnreadable ||
      isStoreFailure(error)
    )
      return `Warning: everything was packed anew, for the last backup could not be copied from: ${error.message}`;
    throw error;
  }
};
