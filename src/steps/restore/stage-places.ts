import { extractToRoots } from "../../archive/restore/extract-to-roots.ts";
import { filesPrefix } from "../../archive/listing/entry-row.ts";
import type { RestorePlan } from "../../archive/restore/restore-plan.ts";
import type { Installation } from "../../operations/installation.ts";
import type { RestoreArchive } from "../../operations/restores/restore-archive.ts";
import type { SiteHost } from "../../ports/site-host.ts";
import type { ProgressReport } from "../progress.ts";

export interface Staging {
  readonly host: SiteHost;
  readonly run: string;
  readonly opened: RestoreArchive;
  readonly plan: RestorePlan;
  readonly progress: ProgressReport;
}

/**
 * Unpacks places of the archive beside the site, every hash checked, and has it all on disk. Returns the name of the
 * attempt, and lines for the log. Stagings of other attempts are dropped, but for those to `keep`.
 */
export const stagePlaces = async (
  deps: Pick<Installation, "threads" | "newId">,
  { host, run, opened, plan, progress }: Staging,
  { places, keep }: { readonly places: readonly number[]; readonly keep: readonly string[] },
): Promise<{ readonly attempt: string; readonly lines: readonly string[] }> => {
  const exchange = host.exchange(run);
  const attempt = deps.newId();
  const roots = await exchange.stage(attempt, keep);
  const done = await extractToRoots(opened.archive, places, {
    runner: deps.threads,
    signal: progress.signal,
    roots,
    prefix: filesPrefix,
    ownerOf: (entry) => host.ownerOf(plan.ownerWanted(entry)),
    stampsFolders: false,
    onProgress: ({ entries, sizeBytes }) => progress.set({ files: entries, bytes: sizeBytes }),
  });
  await exchange.settle(attempt, plan.stagedFiles(places));
  const refused = "Owners are not restored everywhere: the service may not give files to other users.";
  return { attempt, lines: done.ownerRefused > 0 ? [refused] : [] };
};

export const placesBytes = (places: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(places).buffer);

export const placesFrom = (bytes: Uint8Array): Uint32Array => new Uint32Array(Uint8Array.from(bytes).buffer);
