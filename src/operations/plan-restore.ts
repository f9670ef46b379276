import { listLive } from "../archive/list-site.ts";
import { planRestore as compare, type PlannedChange, type RestoreCounts } from "../archive/restore-plan.ts";
import type { SiteId } from "../domain/site.ts";
import type { Call } from "../ports/call.ts";
import type { SiteFiles } from "../ports/site-files.ts";
import type { SiteHost } from "../ports/site-host.ts";
import type { Installation } from "./installation.ts";
import { openRestoreArchive, refuseOutsideLinks, restoreScope, type RestoreArchive } from "./restore-archive.ts";
import { sourceOf, targetId, wantedTarget, type RestoreSource, type RestoreWish } from "./restore-site.ts";
import { checkReach } from "./within-reach.ts";

export interface PlanRestoreWish {
  readonly restore: RestoreWish;
  /** Also what is kept and left alone. */
  readonly showAll: boolean;
  readonly limit: number;
}

export interface PlannedRestore {
  readonly target: SiteId;
  /** The restore would make the site. */
  readonly isNew: boolean;
  readonly blob: string;
  readonly counts: RestoreCounts;
  /** Why the restore would be refused; without any it would be begun. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly changes: readonly PlannedChange[];
  /** How many more there are. */
  readonly more: number;
}

/** What a restore would write, replace, remove and keep: the same judgement, without touching anything. */
export const planRestore =
  (deps: Installation) =>
  async (call: Call, pathSite: SiteId, wish: PlanRestoreWish): Promise<PlannedRestore> => {
    checkReach(call, targetId(pathSite, wish.restore.siteName));
    const source = await sourceOf(deps, call, { pathSite, wish: wish.restore });
    const target = await wantedTarget(deps, pathSite, wish.restore);
    const opened = await openRestoreArchive(deps, requestOf(source), call.signal);
    const host = target.site && (await deps.hosts.host(target.id));
    const scope = restoreScope(opened, wish.restore.paths, host?.files.localRoots);
    const { allowOutsideLinks } = wish.restore;
    const request = { blob: source.blob, allowOutsideLinks };
    await refuseOutsideLinks(deps, opened, { request, scope, signal: call.signal });
    const plan = await planFor(deps, { call, wish, opened, host, scope });
    const need = { staged: plan.stagedFiles(), changed: plan.changedPaths() };
    const stands = host === undefined ? [] : await host.exchange(`plan-${deps.newId()}`).check(need);
    return {
      target: target.id,
      isNew: target.site === undefined,
      blob: source.blob,
      counts: plan.counts,
      problems: [...plan.problems, ...stands],
      notes: [...opened.notes, ...plan.notes],
      ...shownOf(plan.changes(), wish),
    };
  };

const requestOf = ({ destination, blob, backup }: RestoreSource) => ({
  destination,
  blob,
  ...(backup === undefined ? {} : { backup: backup.id, backupSite: backup.site }),
});

interface Planning {
  readonly call: Call;
  readonly wish: PlanRestoreWish;
  readonly opened: RestoreArchive;
  readonly host: SiteHost | undefined;
  readonly scope: ReturnType<typeof restoreScope>;
}

const planFor = async (deps: Installation, { call, wish, opened, host, scope }: Planning) => {
  const files = host?.files ?? nothing;
  const { listing, unlisted } = await listLive(files, call.signal);
  return compare(
    opened.archive.directory,
    { listing, files },
    {
      scope,
      quick: wish.restore.quick,
      ownerOf: host?.ownerOf ?? (({ uid, gid }) => ({ uid, gid })),
      unlisted,
      runner: deps.threads,
      signal: call.signal,
    },
  );
};

/** The files of a site that is still to be made. */
const nothing: SiteFiles = {
  provesUnchanged: false,
  async *list() {},
  now: async () => 0n,
  read: () => Promise.reject(new Error("A site that is not there has no files.")),
  stat: async () => undefined,
};

const shownOf = (
  changes: Iterable<PlannedChange>,
  { showAll, limit }: PlanRestoreWish,
): Pick<PlannedRestore, "changes" | "more"> => {
  const shown: PlannedChange[] = [];
  let more = 0;
  for (const change of changes) {
    if (!showAll && (change.action === "keep" || change.action === "leave")) continue;
    if (shown.length < limit) shown.push(change);
    else more++;
  }
  return { changes: shown, more };
};
