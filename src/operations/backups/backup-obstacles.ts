import type { SiteListing } from "../../archive/listing/list-site.ts";
import { Refusal, refuse } from "../../domain/errors.ts";
import { SecretUnreadable } from "../../domain/secret.ts";
import { siteLabel } from "../../domain/site.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import { databasesInUse } from "./databases-in-use.ts";
import type { Installation } from "../installation.ts";
import { checkRoomForCopies, roomForArchive } from "./room-for-backup.ts";
import { sizeProblem } from "./size-limit.ts";
import { usedUpQuota } from "./used-up-quota.ts";
import { usualContainer } from "../containers/where-to.ts";

interface Obstacles {
  /** A backup would be refused, or would fail. */
  readonly problems: readonly string[];
  /** It might. */
  readonly doubts: readonly string[];
}

interface Listed {
  readonly site: SiteDefinition;
  readonly files: SiteFiles;
  readonly found: SiteListing;
  readonly signal?: AbortSignal | undefined;
  /** It goes into another container than the site's backups go otherwise; nothing is known of that. */
  readonly elsewhere: boolean;
}

/** What would keep a backup of the site from being made now, where the site's backups go; nothing is written to find out. */
export const backupObstacles = async (deps: Installation, listed: Listed): Promise<Obstacles> => {
  const { site, found } = listed;
  const quota = await usedUpQuota(deps, { site: site.id, tier: site.tier, now: deps.clock.now() });
  const tooLarge = await sizeProblem(deps, site.id, found.sizeBytes);
  const { refusal, doubt }: Goes = listed.elsewhere ? {} : await roomWhereItGoes(deps, listed);
  const copies = await refusalOf(() => checkCopies(deps, listed));
  return {
    problems: [
      ...(quota === undefined ? [] : [refuse("QuotaExceeded", { site: siteLabel(site.id), ...quota }).message]),
      ...(tooLarge === undefined ? [] : [tooLarge]),
      ...(refusal === undefined ? [] : [refusal]),
      ...(copies === undefined ? [] : [copies]),
    ],
    doubts: doubt === undefined ? [] : [doubt],
  };
};

interface Goes {
  readonly refusal?: string | undefined;
  readonly doubt?: string | undefined;
}

/** As if nothing were copied from the backup before: what that takes in the archive, the sample tells as well. */
const roomWhereItGoes = async (deps: Installation, { site, files, found, signal }: Listed): Promise<Goes> => {
  let doubt: string | undefined;
  const refusal = await refusalOf(async () => {
    const { destination } = await usualContainer(deps, site);
    const room = await roomForArchive(deps, destination, { reusedBytes: 0, rest: found.listing, files, signal });
    doubt = room.doubt;
    if (room.refusal !== undefined) throw room.refusal;
  });
  return { refusal, doubt };
};

/** Only where not all files would fit it is worth to look which are databases. */
const checkCopies = async (deps: Installation, { files, found, signal }: Listed): Promise<void> => {
  const scratch = await deps.scratch();
  const room = scratch.local && (await deps.machine.roomOf(scratch.local.folder));
  if (room === undefined || found.sizeBytes <= room.freeBytes) return;
  let sizeBytes = 0;
  for (const path of (await databasesInUse(files, found.listing, signal)).used) {
    const place = found.listing.find(path);
    sizeBytes += place < 0 ? 0 : found.listing.sizeBytes(place);
  }
  await checkRoomForCopies(deps, scratch, sizeBytes);
};

/** Why it was refused, in words for people; undefined when it was not. */
export const refusalOf = async (check: () => Promise<void>): Promise<string | undefined> => {
  try {
    await check();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal || error instanceof SecretUnreadable || isStoreFailure(error)) return error.message;
    throw error;
  }
};
