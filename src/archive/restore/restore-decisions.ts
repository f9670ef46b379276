import { noPath, pathText, type BytePath } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";
import { isOwnPath } from "../../domain/own-names.ts";
import { besideSqlite, databaseBeside, mayBeSqlite } from "../../domain/sqlite-file.ts";
import type { SiteHost, WantedOwner } from "../../ports/site-host.ts";
import { findEntry, hasBelow } from "../directory/browse.ts";
import { verdict, type Comparison } from "../compare/compare-many.ts";
import type { DirectoryColumns } from "../directory/directory-columns.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { filesPrefix } from "../listing/entry-row.ts";
import type { ListingColumns } from "../listing/listing-columns.ts";
import { isChosen, isStructure, parentPath, reasonToLeave, rootOf, type RestoreScope } from "./restore-scope.ts";

/** What becomes of a path: `adjust` sets mode, owner or time of what has the right content; `leave` is not the backup's. */
export type RestoreAction = "write" | "replace" | "remove" | "adjust" | "keep" | "leave";
export const restoreActions: readonly RestoreAction[] = ["write", "replace", "remove", "adjust", "keep", "leave"];

/** An action as a byte; 0: nothing is said about the entry. */
export const actionCode = { write: 1, replace: 2, remove: 3, adjust: 4, keep: 5, leave: 6 } as const;

export interface Sources {
  readonly directory: DirectoryColumns;
  /** Sorted. */
  readonly listing: ListingColumns;
}

export interface DecisionRules {
  readonly scope: RestoreScope;
  readonly ownerOf: SiteHost["ownerOf"];
  /** What is in the site and could not be listed: folders that hold it stay. */
  readonly unlisted?: readonly BytePath[];
}

const mostProblems = 20;

/** Goes through both sides once and decides for every entry. */
export class Decisions {
  readonly archived: Uint8Array;
  readonly listed: Uint8Array;
  /** Folders that only entries below them imply, or that lie above the chosen paths; parents first. */
  readonly implied: BytePath[] = [];
  /** Folders in which something changes: that moves their mtime. */
  readonly touched = new Set<BytePath>();
  /** Places of files and links that are written or replaced. */
  readonly staged: number[] = [];
  readonly problems: string[] = [];
  readonly notes: string[] = [];
  readonly #sources: Sources;
  readonly #comparison: Comparison;
  readonly #rules: DecisionRules;
  /** Folders of the site that hold something that stays. */
  readonly #holding = new Set<BytePath>();
  /** Folders that will be there when something is placed into them. */
  readonly #ready = new Set<BytePath>([noPath]);
  #special = 0;
  #homeless = 0;
  #ownersRefused = 0;

  constructor(sources: Sources, comparison: Comparison, rules: DecisionRules) {
    this.#sources = sources;
    this.#comparison = comparison;
    this.#rules = rules;
    this.archived = new Uint8Array(sources.directory.length);
    this.listed = new Uint8Array(sources.listing.length);
    for (const path of rules.unlisted ?? []) this.#holds(path);
    this.#decideListed();
    this.#decideArchived();
    this.#checkChosen();
    this.#tell();
  }

  #decideListed(): void {
    const { listing } = this.#sources;
    // From the end: what is in a folder comes before the folder.
    for (const place of this.#comparison.onlyListed.toReversed()) {
      const entry = listing.at(place);
      if (!this.#isChosen(entry.path)) this.#holds(entry.path);
      else if (this.#stays(entry)) {
        this.#holds(entry.path);
        this.listed[place] = actionCode.leave;
      } else if (!this.#isNeeded(entry)) {
        this.listed[place] = actionCode.remove;
        this.touched.add(parentPath(entry.path));
      }
    }
  }

  #isChosen(path: BytePath): boolean {
    return isChosen(this.#rules.scope, path) || this.#isBesideDatabase(path);
  }

  #stays({ path, kind }: ListedEntry): boolean {
    if (kind === "file" && this.#isBesideDatabase(path)) return false;
    if (reasonToLeave(this.#rules.scope, path) !== undefined) return true;
    return kind === "directory" && this.#holding.has(path);
  }

  /** The live log of a SQLite database that comes from the archive would be played into it, whatever the filter says. */
  #isBesideDatabase(path: BytePath): boolean {
    const database = databaseBeside(path);
    if (database === undefined || !isChosen(this.#rules.scope, database)) return false;
    const place = this.#sources.directory.find(archiveName(database));
    return place >= 0 && mayBeSqlite(this.#sources.directory.sizeBytes(place));
  }

  /** A folder of the site's own structure, or one that the archive has only by what is in it. */
  #isNeeded({ path, kind }: ListedEntry): boolean {
    if (kind !== "directory") return false;
    return isStructure(this.#rules.scope, path) || hasBelow(this.#sources.directory, folderName(path));
  }

  /** The folders above something that stays, stay. */
  #holds(path: BytePath): void {
    for (let folder = parentPath(path); folder !== "" && !this.#holding.has(folder); folder = parentPath(folder))
      this.#holding.add(folder);
  }

  #decideArchived(): void {
    const { directory } = this.#sources;
    for (let place = 0; place < directory.length; place++) {
      const name = directory.name(place);
      if (!name.startsWith(filesPrefix) || name === filesPrefix) continue;
      const path = pathIn(name);
      if (!this.#isChosen(path)) continue;
      const entry = directory.at(place);
      if (this.#isRefused(path, entry)) continue;
      this.archived[place] = this.#isStray(path, entry) ? actionCode.leave : this.#actionFor(place, path, entry);
    }
  }

  /** The log or journal of a SQLite database that stays as the site has it, into which it would be played. */
  #isStray(path: BytePath, { kind }: DirectoryEntry): boolean {
    const database = kind === "file" ? databaseBeside(path) : undefined;
    if (database === undefined) return false;
    const { directory, listing } = this.#sources;
    if (isChosen(this.#rules.scope, database) && directory.find(archiveName(database)) >= 0) return false;
    const at = listing.find(database);
    return at >= 0 && this.listed[at] !== actionCode.remove && mayBeSqlite(listing.sizeBytes(at));
  }

  /** Entries that this site, or any site, cannot take. */
  #isRefused(path: BytePath, { kind }: DirectoryEntry): boolean {
    const root = rootOf(this.#rules.scope, path);
    if (root === undefined) {
      if (!(kind === "directory" && isStructure(this.#rules.scope, path))) this.#homeless++;
      return true;
    }
    if (kind === "other") this.#special++;
    else if (isOwnPath(path, root)) this.#problem(`${shown(path)} has a name that Lifeboat keeps for itself.`);
    else return false;
    return true;
  }

  #actionFor(place: number, path: BytePath, entry: DirectoryEntry): number {
    const found = this.#comparison.verdicts[place];
    const at = this.#comparison.listedAt[place] ?? -1;
    if (found === verdict.equal && at >= 0 && !this.isUsedDatabase(path, entry)) {
      const listed = this.#sources.listing.at(at);
      const isAdjusted = this.#isAdjusted(entry, listed);
      // What is set of a file under one of its names is set under all: it becomes a file of its own instead.
      if (!isAdjusted || !listed.isShared) {
        this.#ready.add(entry.kind === "directory" ? path : parentPath(path));
        return isAdjusted ? actionCode.adjust : actionCode.keep;
      }
    }
    const twin = this.#twinOf(path, entry);
    this.#checkTwin(path, twin);
    this.#makeReady(parentPath(path));
    this.touched.add(parentPath(path));
    if (entry.kind === "directory") this.#ready.add(path);
    else this.staged.push(place);
    return at >= 0 || twin >= 0 ? actionCode.replace : actionCode.write;
  }

  /**
   * A SQLite database beside which the site has a log or a journal, or one of those from the archive: they are written anew
   * together. Whoever has the database open would go on writing into one that was kept, and an undo could not bring it back
   * as it was with that log.
   */
  isUsedDatabase(path: BytePath, { kind, sizeBytes }: Pick<DirectoryEntry, "kind" | "sizeBytes">): boolean {
    if (kind !== "file") return false;
    const { listing } = this.#sources;
    const isUsed = mayBeSqlite(sizeBytes) && besideSqlite(path).some((beside) => listing.find(beside) >= 0);
    return isUsed || this.#isBesideDatabase(path);
  }

  /** The site's folder in the place of a file or link, or the other way round. */
  #twinOf(path: BytePath, { kind }: DirectoryEntry): number {
    return this.#sources.listing.find(kind === "directory" ? path : slashed(path));
  }

  #checkTwin(path: BytePath, twin: number): void {
    if (twin >= 0 && this.listed[twin] !== actionCode.remove)
      this.#problem(`${shown(path)} is of another kind in the site, and holds or is something that stays.`);
  }

  #isAdjusted(archived: DirectoryEntry, listed: ListedEntry): boolean {
    if (archived.kind !== "link" && archived.mode !== undefined && archived.mode !== listed.mode) return true;
    if (!isSameTime(archived.mtimeNs, listed.mtimeNs)) return true;
    if (archived.uid === undefined) return false;
    const owner = this.#rules.ownerOf(wantedOwner(this.#sources, archived));
    if (owner === undefined) this.#ownersRefused++;
    return owner !== undefined && (owner.uid !== listed.uid || owner.gid !== listed.gid);
  }

  /** Sees to it that a folder is there before something is placed into it. */
  #makeReady(folder: BytePath): void {
    if (this.#ready.has(folder)) return;
    this.#ready.add(folder);
    const { directory, listing } = this.#sources;
    if (rootOf(this.#rules.scope, folder) === undefined) return;
    if (isChosen(this.#rules.scope, folder) && directory.find(folderName(folder)) >= 0) return;
    if (listing.find(slashed(folder)) >= 0) return;
    this.#makeReady(parentPath(folder));
    this.#checkTwin(folder, listing.find(folder));
    this.implied.push(folder);
    this.touched.add(parentPath(folder));
  }

  #checkChosen(): void {
    for (const path of this.#rules.scope.paths)
      if (findEntry(this.#sources.directory, archiveName(path)) === undefined)
        if (!hasBelow(this.#sources.directory, folderName(path)))
          this.#problem(
            `The backup does not contain ${shown(path)}. Paths begin at the site's home, as site/wwwroot/index.html does.`,
          );
  }

  #problem(text: string): void {
    if (this.problems.length < mostProblems) this.problems.push(text);
  }

  #tell(): void {
    if (this.#special > 0) this.notes.push(`${this.#special} devices, sockets or pipes of the archive are not made.`);
    if (this.#homeless > 0)
      this.notes.push(`${this.#homeless} entries of the archive lie in none of the site's directories: not restored.`);
    if (this.#ownersRefused > 0)
      this.notes.push("Owners are not restored: the service may not give files to other users.");
    if (this.#rules.scope.leftOut === undefined)
      this.notes.push("Nothing is removed: the backup does not tell everything it could not read.");
  }
}

/** Times of folders and of what is only adjusted are set to the microsecond; zips of other tools know whole seconds. */
export const isSameTime = (archived: bigint, listed: bigint): boolean => {
  const difference = archived > listed ? archived - listed : listed - archived;
  return difference < (archived % 1_000_000_000n === 0n ? 1_000_000_000n : 1_000n);
};

/** Zips of other tools may not say whose a file is: then it belongs to whom the nearest folder in the site belongs. */
export const wantedOwner = (
  { directory, listing }: Sources,
  { name, uid, gid }: Pick<DirectoryEntry, "name" | "uid" | "gid">,
): WantedOwner => {
  if (uid !== undefined && gid !== undefined) {
    const owner = directory.owners.users.get(uid);
    const group = directory.owners.groups.get(gid);
    return { uid, gid, ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
  }
  for (let path = parentPath(pathIn(name)); path !== ""; path = parentPath(path)) {
    const at = listing.find(slashed(path));
    if (at >= 0) return { uid: listing.at(at).uid, gid: listing.at(at).gid };
  }
  return { uid: 0, gid: 0 };
};

// The casts are safe: byte paths, cut at or joined with ASCII.
const slashed = (path: BytePath): BytePath => `${path}/` as BytePath;
const archiveName = (path: BytePath): BytePath => `${filesPrefix}${path}` as BytePath;
export const folderName = (path: BytePath): BytePath => `${filesPrefix}${path}/` as BytePath;
/** The path in the site of a name in the archive. */
export const pathIn = (name: BytePath): BytePath =>
  name.slice(filesPrefix.length, name.endsWith("/") ? -1 : undefined) as BytePath;

const shown = (path: BytePath): string => JSON.stringify(pathText(path));
