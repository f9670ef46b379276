import { listLive } from "../../archive/listing/list-site.ts";
import { planRestore as compare, type PlannedChange, type RestoreCounts } from "../../archive/restore/restore-plan.ts";
import { Refusal } from "../../domain/errors.ts";
import type { SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import type { SiteHost } from "../../ports/site-host.ts";
import { archivedConfiguration } from "./archived-configuration.ts";
import { wantedDatabases } from "./archived-databases.ts";
import { keyOf } from "../databases/database-wishes.ts";
import { hostWithFiles } from "../find-site.ts";
import type { Installation } from "../installation.ts";
import { openRestoreArchive, refuseOutsideLinks, restoreScope, type RestoreArchive } from "./restore-archive.ts";
import { planDatabaseRestore, type PlannedDatabase } from "./plan-database-restore.ts";
import { askedRestore, stringsOfBackup, type AskedRestore, type RestoreWish } from "./asked-restore.ts";
import { archiveNamed } from "./restore-source.ts";

interface PlanRestoreWish {
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
  readonly databases: readonly PlannedDatabase[];
  readonly notes: readonly string[];
  readonly changes: readonly PlannedChange[];
  /** How many more there are. */
  readonly more: number;
}

/** What a restore would write, replace, remove and keep: the same judgement, without touching anything. */
export const planRestore =
  (deps: Installation) =>
  async (call: Call, pathSite: SiteId, wish: PlanRestoreWish): Promise<PlannedRestore> => {
    const asked = await askedRestore(deps, call, { pathSite, wish: wish.restore });
    const { source, target, site } = asked;
    const opened = await openRestoreArchive(deps, archiveNamed(source), call.signal);
    const host = site && (await hostWithFiles(deps, target));
    const planning = { call, wish, asked, opened, host };
    const files = wish.restore.databasesOnly === true ? noFiles : await planFiles(deps, planning);
    const databases = await databasesOf(deps, planning);
    const shut = await shutConfiguration(deps, planning);
    return {
      target,
      isNew: site === undefined,
      blob: source.blob,
      ...files,
      databases,
      problems: [...shut, ...files.problems, ...databases.flatMap(({ problem }) => problem ?? [])],
      notes: [...opened.notes, ...files.notes],
    };
  };

interface Planning {
  readonly call: Call;
  readonly wish: PlanRestoreWish;
  readonly asked: AskedRestore;
  readonly opened: RestoreArchive;
  readonly host: SiteHost | undefined;
}

/** Why the configuration that is to come back cannot be opened, if so. */
const shutConfiguration = async (
  deps: Installation,
  { call: { signal }, wish, asked, opened: { archive } }: Planning,
): Promise<readonly string[]> => {
  if (!asked.wantsConfiguration) return [];
  try {
    await archivedConfiguration(deps, { archive, key: wish.restore.recoveryKey, signal });
    return [];
  } catch (error) {
    if (error instanceof Refusal) return [error.message];
    throw error;
  }
};

type PlannedFiles = Pick<PlannedRestore, "counts" | "problems" | "notes" | "changes" | "more">;

const none = { entries: 0, sizeBytes: 0 };
const noFiles: PlannedFiles = {
  counts: { write: none, replace: none, remove: none, adjust: none, keep: none, leave: none },
  problems: [],
  notes: [],
  changes: [],
  more: 0,
};

const planFiles = async (deps: Installation, planning: Planning): Promise<PlannedFiles> => {
  const { call, wish, asked, opened, host } = planning;
  const scope = restoreScope(opened, wish.restore.paths, host?.files.localRoots);
  const { allowOutsideLinks } = wish.restore;
  const request = { blob: asked.source.blob, allowOutsideLinks };
  await refuseOutsideLinks(deps, opened, { request, scope, signal: call.signal });
  const plan = await planFor(deps, { call, wish, opened, host, scope });
  const need = { staged: plan.stagedFiles(), changed: plan.changedPaths() };
  const exchange = host?.exchange(`plan-${deps.newId()}`);
  const clashes = (await exchange?.clashes(plan.nameTwins())) ?? [];
  const problems = [...plan.problems, ...clashes, ...((await exchange?.check(need)) ?? [])];
  return { counts: plan.counts, problems, notes: plan.notes, ...shownOf(plan.changes(), wish) };
};

const never = new AbortController().signal;

const databasesOf = async (
  deps: Installation,
  { call, wish: { restore }, asked, opened, host }: Planning,
): Promise<readonly PlannedDatabase[]> => {
  const wishes = restore.databases ?? [];
  const wanted = await wantedDatabases(opened, wishes);
  if (wanted.length === 0) return [];
  const given = wishes.flatMap((one) =>
    one.connectionString === undefined ? [] : [[keyOf(one), one.connectionString] as const],
  );
  const strings = new Map([...(await stringsOfBackup(deps, asked)), ...given]);
  const configuration = (await host?.settings.read()) ?? { appSettings: {}, connectionStrings: {} };
  const { overwrite } = restore;
  const isTrusted = opened.isKnown || restore.allowUnknownDumps === true;
  const signal = call.signal ?? never;
  const adjusts = restore.adjustConnectionStrings === true;
  return planDatabaseRestore(deps, { wanted, strings, configuration, overwrite, isTrusted, adjusts, signal });
};

interface PlanningFiles {
  readonly call: Call;
  readonly wish: PlanRestoreWish;
  readonly opened: RestoreArchive;
  readonly host: SiteHost | undefined;
  readonly scope: ReturnType<typeof restoreScope>;
}

const planFor = async (deps: Installation, { call, wish, opened, host, scope }: PlanningFiles) => {
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

type Action = PlannedChange["action"];

/** What is lost comes first: it is what people look for, and what a limit must not hide. */
const byWeight: readonly Action[] = ["remove", "replace", "write", "adjust", "leave", "keep"];

const shownOf = (
  changes: Iterable<PlannedChange>,
  { showAll, limit }: PlanRestoreWish,
): Pick<PlannedRestore, "changes" | "more"> => {
  const shown = new Map<Action, PlannedChange[]>(byWeight.map((action) => [action, []]));
  let count = 0;
  for (const change of changes) {
    if (!showAll && (change.action === "keep" || change.action === "leave")) continue;
    count++;
    const alike = shown.get(change.action);
    if (alike !== undefined && alike.length < limit) alike.push(change);
  }
  const first = byWeight.flatMap((action) => shown.get(action) ?? []).slice(0, limit);
  return { changes: first, more: count - first.length };
};
