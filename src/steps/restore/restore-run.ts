import type { LiveListing } from "../../archive/listing/list-site.ts";
import {
  planRestore,
  type EarlierPlan,
  type RestoreCounts,
  type RestorePlan,
} from "../../archive/restore/restore-plan.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import { refuse } from "../../domain/errors.ts";
import type { Installation } from "../../operations/installation.ts";
import { openRestoreArchive, restoreScope, type RestoreArchive } from "../../operations/restores/restore-archive.ts";
import { readOperation, type Operation, type RestoreRequest } from "../../operations/rows/operation-rows.ts";
import { readSiteRow } from "../../operations/rows/site-row.ts";
import type { SiteHost } from "../../ports/site-host.ts";
import type { RunRef, ScratchName } from "../../workflows/contract.ts";
import { isOwner } from "../owns-site.ts";
import { RunLost } from "../progress.ts";
import type { Scratch } from "../scratch.ts";

/** What every step of a restore leaves in scratch says at least this. */
export interface RestoreReport {
  /** For the operation's log. */
  readonly lines: readonly string[];
  /** Before those: what is so once the restore has succeeded, and was only planned until then. */
  readonly done?: readonly string[];
}

export interface CheckedArchive extends RestoreReport {
  readonly commitId: string;
}

/** What the site had and what becomes of it. */
export interface RestorePlanRecord extends CheckedArchive {
  readonly listing: ScratchName;
  /** The file system's own time when it was listed, in nanoseconds; runs that began with 0.1.0 have none. */
  readonly listedNs?: string;
  readonly verdicts: ScratchName;
  /** Of the live site: what could not be listed. */
  readonly unlisted: readonly BytePath[];
  readonly counts: RestoreCounts;
}

export interface StagedRecord extends RestoreReport {
  readonly plan: ScratchName;
  /** Who staged what: places of the archive, as 32-bit numbers. */
  readonly staged: readonly { readonly attempt: string; readonly places: ScratchName }[];
  readonly operations: ScratchName;
}

// Safe: a run's scratch is written by this version's own steps, and is named by its content's hash.
export const readRecord = async <Value extends RestoreReport>(scratch: Scratch, name: ScratchName): Promise<Value> =>
  (await scratch.getJson(name)) as Value;

/** The operation a run works for. Throws RunLost unless the run owns its site. */
export const operationOf = async (deps: Pick<Installation, "catalog">, ref: RunRef): Promise<Operation> => {
  const row = await readSiteRow(deps.catalog, ref.site);
  if (!isOwner(ref, row) || row.run.operation === undefined) throw new RunLost(ref.run);
  const found = await readOperation(deps.catalog, ref.site, row.run.operation);
  if (found === undefined) throw new Error(`The catalog has no operation ${row.run.operation} of ${ref.site.name}.`);
  return found.operation;
};

export const requestOf = ({ id, request }: Operation): RestoreRequest => {
  if (request === undefined) throw new Error(`The operation ${id} is no restore.`);
  return request;
};

/** The archive that was checked: what the name stands for by now may be another. */
export const reopen = async (
  deps: Installation,
  request: RestoreRequest,
  { commitId, signal }: { readonly commitId: string; readonly signal: AbortSignal },
): Promise<RestoreArchive> => {
  const opened = await openRestoreArchive(deps, request, signal);
  if (opened.archive.commitId !== commitId)
    throw refuse("ArchiveAltered", { blob: request.blob, reason: "It was replaced while it was restored." });
  return opened;
};

export interface Comparing {
  readonly request: RestoreRequest;
  readonly opened: RestoreArchive;
  readonly host: SiteHost;
  readonly live: Omit<LiveListing, "beganNs">;
  readonly earlier?: EarlierPlan;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: { readonly files: number; readonly sizeBytes: number }) => void;
}

/** What this restore would do with the site as it was listed. */
export const planFor = (
  deps: Pick<Installation, "threads">,
  { request, opened, host, live, earlier, signal, onProgress }: Comparing,
): Promise<RestorePlan> =>
  planRestore(
    opened.archive.directory,
    { listing: live.listing, files: host.files },
    {
      scope: restoreScope(opened, request.paths, host.files.localRoots),
      quick: request.quick,
      ownerOf: host.ownerOf,
      unlisted: live.unlisted,
      earlier,
      runner: deps.threads,
      signal,
      ...(onProgress === undefined ? {} : { onProgress }),
    },
  );
