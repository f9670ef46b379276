import type { BytePath } from "../../domain/byte-path.ts";
import type { EntryKind, ListedEntry } from "../../domain/listing.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import type { SwapOperation, WantedOwner } from "../../ports/site-host.ts";
import { firstPlace } from "../directory/browse.ts";
import { compareMany, verdict, type Comparison } from "../compare/compare-many.ts";
import type { DirectoryColumns } from "../directory/directory-columns.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import type { HashOptions } from "../compare/hash-site-files.ts";
import type { ListingColumns } from "../listing/listing-columns.ts";
import {
  actionCode,
  Decisions,
  folderName,
  isSameTime,
  pathIn,
  restoreActions,
  wantedOwner,
  type DecisionRules,
  type RestoreAction,
  type Sources,
} from "./restore-decisions.ts";
import { nameTwins, type NameTwins } from "./name-twins.ts";
import { mayBeChosen, reasonToLeave } from "./restore-scope.ts";

export interface PlannedChange {
  readonly path: BytePath;
  readonly kind: EntryKind;
  readonly action: RestoreAction;
  /** A sentence. */
  readonly reason: string;
  /** Of the archive's content; of the site's where it is removed or left. */
  readonly sizeBytes: number;
}

export type RestoreCounts = Readonly<Record<RestoreAction, { readonly entries: number; readonly sizeBytes: number }>>;

/** What an earlier plan for the same archive found; files that are as they were then are not read again. */
export interface EarlierPlan {
  readonly listing: ListingColumns;
  /** The file system's own time when it was listed; undefined where it is the very listing that is planned with. */
  readonly listedNs: bigint | undefined;
  readonly verdicts: Uint8Array;
}

export interface RestorePlanOptions extends HashOptions, DecisionRules {
  /** Size and mtime prove "unchanged"; without it the content's hash does. */
  readonly quick: boolean;
  readonly earlier?: EarlierPlan | undefined;
  readonly onProgress?: (done: { readonly files: number; readonly sizeBytes: number }) => void;
}

/** Compares an archive with a site as it is and tells what a restore would do. Changes nothing. */
export const planRestore = async (
  directory: DirectoryColumns,
  site: { readonly listing: ListingColumns; readonly files: SiteFiles },
  options: RestorePlanOptions,
): Promise<RestorePlan> => {
  const { scope, runner, signal, onProgress } = options;
  const comparison = await compareMany(directory, site, {
    runner,
    signal,
    ...(onProgress === undefined ? {} : { onProgress }),
    wants: (path) => mayBeChosen(scope, path),
    decide: (place, archived, listed) => decided(place, archived, listed, options),
  });
  return new RestorePlan({ directory, listing: site.listing }, comparison, options);
};

const decided = (
  place: number,
  archived: DirectoryEntry,
  listed: ListedEntry,
  { quick, earlier }: RestorePlanOptions,
): number | undefined => {
  if (quick && archived.kind === "file" && archived.sizeBytes === listed.sizeBytes)
    return isSameTime(archived.mtimeNs, listed.mtimeNs) ? verdict.equal : verdict.differs;
  if (earlier === undefined) return undefined;
  const at = earlier.listing.find(listed.path);
  return at >= 0 && isUntouched(earlier.listing.at(at), listed, earlier) ? earlier.verdicts[place] : undefined;
};

/** FAT tells times to two seconds: a second change within them shows nowhere. */
const coarsestTickNs = 2_000_000_000n;

const isWithinTick = ({ ctimeNs, mtimeNs }: ListedEntry, listedNs: bigint | undefined): boolean =>
  listedNs !== undefined &&
  ctimeNs === undefined &&
  mtimeNs % 1_000_000_000n === 0n &&
  mtimeNs > listedNs - coarsestTickNs;

/** By all that the host tells of it; where that proves nothing, there is no time to read everything once more. */
export const isUntouched = (
  before: ListedEntry,
  now: ListedEntry,
  { listedNs }: Pick<EarlierPlan, "listedNs">,
): boolean =>
  !isWithinTick(before, listedNs) &&
  before.kind === now.kind &&
  before.sizeBytes === now.sizeBytes &&
  before.mtimeNs === now.mtimeNs &&
  before.ctimeNs === now.ctimeNs &&
  before.inode === now.inode &&
  before.mode === now.mode &&
  before.uid === now.uid &&
  before.gid === now.gid &&
  before.target === now.target;

const actionOf = (value: number | undefined): RestoreAction | undefined => restoreActions[(value ?? 0) - 1];

/** What a restore would do, as columns: a byte for each entry of the archive, and one for each of the site. */
export class RestorePlan {
  readonly counts: RestoreCounts;
  /** Why the restore cannot be done; nothing may be touched then. */
  readonly problems: readonly string[];
  /** What a person should know, as lines for the log. */
  readonly notes: readonly string[];
  /** Places of the archive whose content is to be staged: files and links. */
  readonly staged: readonly number[];
  readonly verdicts: Uint8Array;
  readonly #sources: Sources;
  readonly #rules: DecisionRules;
  readonly #decisions: Decisions;

  constructor(sources: Sources, comparison: Comparison, rules: DecisionRules) {
    const decisions = new Decisions(sources, comparison, rules);
    this.#sources = sources;
    this.#rules = rules;
    this.#decisions = decisions;
    this.verdicts = comparison.verdicts;
    this.problems = decisions.problems;
    this.notes = decisions.notes;
    this.staged = decisions.staged;
    this.counts = countsOf(sources, decisions);
  }

  /** Everything the restore looks at, what the archive has first, each in the order of names. */
  *changes(): Generator<PlannedChange> {
    const { directory, listing } = this.#sources;
    for (let place = 0; place < directory.length; place++) {
      const action = actionOf(this.#decisions.archived[place]);
      if (action === undefined) continue;
      const { kind, name, sizeBytes } = directory.at(place);
      const path = pathIn(name);
      const isUsed = this.#decisions.isUsedDatabase(path, { kind, sizeBytes });
      const reason = archivedReason(action, { found: this.verdicts[place] ?? 0, isUsed });
      if (kind !== "other") yield { path, kind, action, sizeBytes, reason };
    }
    for (let place = 0; place < listing.length; place++) {
      const action = actionOf(this.#decisions.listed[place]);
      if (action === undefined) continue;
      const { path, kind, sizeBytes } = listing.at(place);
      const reason = action === "leave" ? (reasonToLeave(this.#rules.scope, path) ?? holdsLeft) : "Not in the backup.";
      yield { path, kind, action, sizeBytes, reason };
    }
  }

  /** The changes of the live content, in the order in which they are made; `attemptOf` tells who staged a place. */
  *operations(attemptOf: (place: number) => string): Generator<SwapOperation> {
    const { directory, listing } = this.#sources;
    for (let place = listing.length - 1; place >= 0; place--) {
      if (this.#decisions.listed[place] !== actionCode.remove) continue;
      const { path, kind } = listing.at(place);
      yield { kind: kind === "directory" ? "removeDirectory" : "remove", path };
    }
    for (const path of this.#decisions.implied) yield { kind: "makeDirectory", path };
    for (let place = 0; place < directory.length; place++) {
      const action = this.#decisions.archived[place];
      if (action !== actionCode.write && action !== actionCode.replace) continue;
      const { kind, name } = directory.at(place);
      if (kind === "directory") yield { kind: "makeDirectory", path: pathIn(name) };
      else yield { kind: "place", path: pathIn(name), attempt: attemptOf(place) };
    }
    for (let place = directory.length - 1; place >= 0; place--) {
      const entry = this.#toAdjust(place);
      if (entry !== undefined) yield { kind: "setMetadata", entry };
    }
    for (const path of this.#decisions.implied.toReversed())
      yield { kind: "setMetadata", entry: this.#entryOf(this.#impliedFolder(path)) };
  }

  /** What will be staged and everything that changes: for the check of disk and borders. */
  *stagedFiles(
    places: Iterable<number> = this.staged,
  ): Generator<{ readonly path: BytePath; readonly sizeBytes: number; readonly mtimeNs: bigint }> {
    for (const place of places) {
      const { name, kind, sizeBytes, mtimeNs } = this.#sources.directory.at(place);
      yield { path: pathIn(name), sizeBytes: kind === "file" ? sizeBytes : 0, mtimeNs };
    }
  }

  *changedPaths(): Generator<BytePath> {
    for (const operation of this.operations(() => ""))
      yield operation.kind === "setMetadata" ? operation.entry.path : operation.path;
  }

  /** What will be in the site by names that its file system might take for one: it has to be asked. */
  nameTwins(): readonly NameTwins[] {
    return nameTwins({ listing: this.#sources.listing, operations: () => this.operations(() => "") });
  }

  /** The owner that an entry of the archive wants: its own, or that of the folder it goes into. */
  ownerWanted(entry: DirectoryEntry): WantedOwner {
    return wantedOwner(this.#sources, entry);
  }

  #toAdjust(place: number): ListedEntry | undefined {
    const action = this.#decisions.archived[place];
    const { directory } = this.#sources;
    if (action === undefined || action === 0) return undefined;
    const { kind, ...entry } = directory.at(place);
    if (kind === "other") return undefined;
    const isMade = action === actionCode.write || action === actionCode.replace;
    const isFolder = kind === "directory" && (isMade || this.#decisions.touched.has(pathIn(entry.name)));
    return action === actionCode.adjust || isFolder ? this.#entryOf({ ...entry, kind }) : undefined;
  }

  #entryOf({ name, kind, mode, mtimeNs, uid, gid }: Described): ListedEntry {
    const owner = wantedOwner(this.#sources, { name, uid, gid });
    return { path: pathIn(name), kind, sizeBytes: 0, mode: mode ?? defaultMode(kind), ...owner, mtimeNs };
  }

  /** A folder that is made though no entry of those restored tells of it. */
  #impliedFolder(path: BytePath): Described {
    const { directory } = this.#sources;
    const name = folderName(path);
    const place = firstPlace(directory, name);
    const nearest = place < directory.length ? directory.at(place) : undefined;
    if (nearest?.name === name) return { ...nearest, kind: "directory" };
    const mtimeNs = nearest?.mtimeNs ?? 0n;
    return { name, kind: "directory", mode: undefined, uid: undefined, gid: undefined, mtimeNs };
  }
}

type Described = Pick<DirectoryEntry, "name" | "mode" | "uid" | "gid" | "mtimeNs"> & { readonly kind: EntryKind };

const countsOf = ({ directory, listing }: Sources, { archived, listed }: Decisions): RestoreCounts => {
  const counts = Object.fromEntries(restoreActions.map((action) => [action, { entries: 0, sizeBytes: 0 }]));
  const count = (value: number | undefined, sizeBytes: number): void => {
    const sum = counts[actionOf(value) ?? ""];
    if (sum === undefined) return;
    sum.entries++;
    sum.sizeBytes += sizeBytes;
  };
  archived.forEach((value, place) => count(value, directory.sizeBytes(place)));
  listed.forEach((value, place) => count(value, listing.sizeBytes(place)));
  // Safe: made of all the actions above.
  return counts as RestoreCounts;
};

const holdsLeft = "It holds something that stays.";

const archivedReason = (
  action: RestoreAction,
  { found, isUsed }: { readonly found: number; readonly isUsed: boolean },
): string => {
  if (action === "write") return "Not in the site.";
  if (action === "keep") return "The same in both.";
  if (action === "adjust") return "Mode, owner or time differ.";
  if (action === "leave") return "The SQLite database that it belongs to stays as it is.";
  if (found === verdict.otherKind || found === verdict.absent) return "Of another kind in the site.";
  if (found === verdict.equal && isUsed) return "A SQLite database in use is written anew, with what lies beside it.";
  if (found === verdict.equal) return "Mode, owner or time differ, and it has further names in the site or elsewhere.";
  if (found === verdict.unreadable) return "The site's file cannot be read.";
  return found === verdict.unknown ? "The archive has no hash of its content." : "The content differs.";
};

const defaultMode = (kind: EntryKind): number => (kind === "directory" ? 0o755 : 0o644);
