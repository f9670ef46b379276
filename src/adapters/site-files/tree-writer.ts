import { closeSync, constants, lstatSync, mkdirSync, openSync, symlinkSync, unlinkSync } from "node:fs";
import type { BytePath } from "../../domain/byte-path.ts";
import { type AccountNames, accountNames } from "./account-names.ts";
import { type HeldDirectory, holdDirectory, realRoot } from "./beneath.ts";
import { ExactTimes, needsExactTime } from "./exact-times.ts";
import { errorCode } from "./file-reasons.ts";
import { FileWriter, writeAll } from "./file-writer.ts";
import { type Metadata, metadataSetter, openTarget, setMetadata } from "./set-metadata.ts";

/** What is to be written; a ListedEntry is one. */
export interface TreeEntry extends Metadata {
  readonly path: BytePath;
}

interface Waiting {
  readonly entry: TreeEntry;
  readonly depth: number;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
const impliedDirectoryMode = 0o755;

const splitPath = (path: BytePath): { readonly parent: BytePath; readonly name: string } => {
  const slash = path.lastIndexOf("/");
  // The cast is safe: a part of a byte path.
  return { parent: path.slice(0, Math.max(slash, 0)) as BytePath, name: path.slice(slash + 1) };
};

/**
 * Writes a tree below an existing directory: content, then mode, owner and time of each thing. Whatever lies there
 * already, nothing is overwritten and no link is followed; links come last, then the folders' own metadata, deepest
 * first. One writer a tree. The calls for whole things are synchronous: a third of the time of asynchronous ones.
 */
export class TreeWriter {
  readonly #root: string;
  readonly #names: AccountNames;
  readonly #setAt: ReturnType<typeof metadataSetter>;
  readonly #times = new ExactTimes();
  readonly #notes = new Set<string>();
  readonly #directories = new Map<BytePath, TreeEntry>();
  readonly #links: (readonly [TreeEntry, BytePath])[] = [];
  /** The folder used last: entries come sorted, so most are in the same one as the one before. */
  #held: { readonly path: BytePath; readonly directory: HeldDirectory } | undefined;

  constructor(directory: string, names: AccountNames = accountNames()) {
    this.#root = realRoot(directory);
    this.#names = names;
    this.#setAt = metadataSetter(names);
  }

  /** Closed to others until `finish` gives it the entry's own mode. It may be there already, as a folder. */
  makeDirectory(entry: TreeEntry): void {
    this.#make(entry.path);
    this.#directories.set(entry.path, entry);
  }

  /** Made by `finish`, so that no file can be written through it. */
  makeLink(entry: TreeEntry, target: BytePath): void {
    this.#links.push([entry, target]);
  }

  /** Throws EEXIST when something has that name. */
  writeFile(entry: TreeEntry, content: Uint8Array): void {
    const file = this.#fileOf(entry.path);
    const descriptor = this.#create(file);
    try {
      writeAll(descriptor, content);
      this.#dress(descriptor, entry);
    } catch (error) {
      unlinkSync(Buffer.from(file, "latin1"));
      throw error;
    } finally {
      closeSync(descriptor);
    }
  }

  /** As writeFile, for content that comes in pieces. Call `finish` or `abandon` on what it returns. */
  openFile(entry: TreeEntry): FileWriter {
    const descriptor = this.#create(this.#fileOf(entry.path));
    return new FileWriter(descriptor, {
      dress: () => this.#dress(descriptor, entry),
      remove: () => unlinkSync(Buffer.from(this.#fileOf(entry.path), "latin1")),
    });
  }

  /** Completes the tree. Returns what could not be kept, each once, fit for the log. */
  async finish(): Promise<readonly string[]> {
    for (const [entry, target] of this.#links) this.#writeLink(entry, target);
    const deepestFirst = [...this.#directories.values()]
      .map((entry): Waiting => ({ entry, depth: entry.path.split("/").length }))
      .toSorted((a, b) => b.depth - a.depth);
    this.#release();
    for (const { entry } of deepestFirst) this.#setLater(entry);
    this.#release();
    const inexact = await this.#times.finish();
    if (inexact > 0) this.#notes.add(`${inexact} modification times are right only to a microsecond.`);
    return [...this.#notes];
  }

  /** Lets go of what is held open; for a tree that is given up. */
  async abandon(): Promise<void> {
    this.#release();
    await this.#times.finish();
  }

  #setLater(entry: TreeEntry): void {
    for (const note of this.#setAt(this.#fileOf(entry.path), entry)) this.#notes.add(note);
    this.#addTime(entry);
  }

  #dress(descriptor: number, entry: TreeEntry): void {
    for (const note of setMetadata(openTarget(descriptor), entry, this.#names)) this.#notes.add(note);
    this.#addTime(entry);
  }

  #addTime({ path, mtimeNs }: TreeEntry): void {
    if (needsExactTime(mtimeNs)) this.#times.add(`${this.#root}/${path}`, mtimeNs);
  }

  #writeLink(entry: TreeEntry, target: BytePath): void {
    const file = this.#fileOf(entry.path);
    symlinkSync(Buffer.from(target, "latin1"), Buffer.from(file, "latin1"));
    this.#setLater(entry);
  }

  #create(file: string): number {
    return openSync(Buffer.from(file, "latin1"), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
  }

  /** Where to reach something in its folder, which is made when it is missing and held open until the next is used. */
  #fileOf(path: BytePath): string {
    const { parent, name } = splitPath(path);
    if (this.#held?.path !== parent) {
      this.#release();
      this.#held = { path: parent, directory: this.#hold(parent) };
    }
    return `${this.#held.directory.prefix}/${name}`;
  }

  #hold(path: BytePath): HeldDirectory {
    try {
      return holdDirectory(this.#root, path, "reach");
    } catch (error) {
      if (errorCode(error) !== "ENOENT" || path === "") throw error;
    }
    this.#make(path);
    // No archive told of it: what the system would have made.
    const implied = { path, mode: impliedDirectoryMode, mtimeNs: BigInt(Date.now()) * 1_000_000n };
    if (!this.#directories.has(path)) this.#directories.set(path, implied);
    return holdDirectory(this.#root, path, "reach");
  }

  #make(path: BytePath): void {
    const file = Buffer.from(this.#fileOf(path), "latin1");
    try {
      mkdirSync(file, 0o700);
    } catch (error) {
      if (errorCode(error) !== "EEXIST" || !lstatSync(file).isDirectory()) throw error;
    }
  }

  #release(): void {
    this.#held?.directory.close();
    this.#held = undefined;
  }
}
