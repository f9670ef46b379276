import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
  renameSync,
} from "node:fs";
import { execFile } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import type { BytePath } from "../../../domain/byte-path.ts";
import type { ListedEntry } from "../../../domain/listing.ts";
import { refuse } from "../../../domain/errors.ts";
import type { Exchange, ExchangeNeed, ExchangeState, SwapOperation, SwapReport } from "../../../ports/site-host.ts";
import type { LocalRoot } from "../../../ports/site-files.ts";
import { holdDirectory, type HeldDirectory } from "../beneath.ts";
import { entryReader } from "../entry-reader.ts";
import { saysGone } from "../file-reasons.ts";
import type { ResolvedRoot } from "../list-root.ts";
import { areaOf, bytes, makeArea, syncDirectory, type Area } from "./area.ts";
import { Journal, journalEntry, writeJournal, type JournalLine } from "./journal.ts";
import {
  back,
  backMetadata,
  forward,
  isOwnOfflinePage,
  isThere,
  type MetadataWriter,
  type MoveContext,
  type Places,
} from "./moves.ts";

export interface LocalExchangeOptions {
  readonly run: string;
  readonly roots: () => readonly ResolvedRoot[];
  readonly setMetadata: MetadataWriter;
  /** Called between any two changes of the file system; tests end the process there. */
  readonly fault?: (point: string) => void;
}

const turnMilliseconds = 20;

/**
 * The exchange of a local site's content. All that says how far it is lies in the first root's area: `journal` (written
 * before the first change), then `back` when the direction turned, then `done`.
 */
export class LocalExchange implements Exchange {
  readonly #options: LocalExchangeOptions;
  #areas: readonly Area[] | undefined;

  constructor(options: LocalExchangeOptions) {
    this.#options = options;
  }

  async state(): Promise<ExchangeState> {
    const has = (name: string): boolean => isThere(this.#file(name));
    if (has("done-back")) return "putBack";
    if (has("back")) return "puttingBack";
    if (has("done-forward")) return "swapped";
    if (has("journal")) return "swapping";
    return isThere(this.#main().directory) ? "staged" : "none";
  }

  async check(need: ExchangeNeed): Promise<readonly string[]> {
    const problems: string[] = [];
    const { bavail, bsize } = statfsSync(bytes(this.#main().root.real || "/"));
    const free = bavail * bsize;
    // A tenth on top, for directories and the file system's own use.
    const needed = Math.ceil(need.stagedBytes * 1.1) + 2 ** 20;
    if (free < needed)
      problems.push(
        `The disk has ${free} bytes free, and the restore needs ${needed}. Free some, or restore fewer paths.`,
      );
    problems.push(...this.#otherFileSystems(need.paths));
    return problems;
  }

  async stage(attempt: string): Promise<readonly LocalRoot[]> {
    if ((await this.state()) !== "none" && (await this.state()) !== "staged")
      throw new Error(`The swap of ${this.#options.run} has begun; nothing more can be staged.`);
    return this.#eachArea().map((area) => {
      makeArea(area);
      for (const name of readdirSync(bytes(area.directory), "latin1"))
        if (name.startsWith("staged-")) rmSync(bytes(`${area.directory}/${name}`), { recursive: true, force: true });
      const directory = stagedIn(area, attempt);
      mkdirSync(bytes(directory), { mode: 0o700 });
      // Safe for LocalRoot's readers as long as roots have UTF-8 names, which realRoot's latin1 is turned back into here.
      return { at: area.root.at, directory: Buffer.from(directory, "latin1").toString("utf8") };
    });
  }

  async settle(attempt: string): Promise<void> {
    for (const area of this.#eachArea()) await syncFileSystem(stagedIn(area, attempt));
  }

  async swap(attempt: string, operations: Iterable<SwapOperation>): Promise<SwapReport> {
    const state = await this.state();
    if (state === "swapped") return { notes: [] };
    if (state === "puttingBack" || state === "putBack") throw new Error(`${this.#options.run} was put back already.`);
    if (state !== "swapping") this.#begin(attempt, operations);
    return this.#carryOut("forward", (journal) => [{ places: upwards(journal.length), move: forward }]);
  }

  async putBack(): Promise<SwapReport> {
    const state = await this.state();
    if (state === "none" || state === "staged" || state === "putBack") return { notes: [] };
    if (state !== "puttingBack") this.#mark("back");
    return this.#carryOut("back", (journal) => [
      { places: downwards(journal.length), move: back },
      { places: downwards(journal.length), move: backMetadata },
    ]);
  }

  async forget(): Promise<void> {
    const state = await this.state();
    if (state === "swapping" || state === "puttingBack")
      throw new Error(`The swap of ${this.#options.run} is under way.`);
    // The main area last: as long as it is there, the rest is found again after a crash.
    for (const area of this.#eachArea().toReversed()) rmSync(bytes(area.directory), { recursive: true, force: true });
  }

  #eachArea(): readonly Area[] {
    this.#areas ??= this.#options.roots().map((root) => areaOf(root, this.#options.run));
    return this.#areas;
  }

  #main(): Area {
    const [main] = this.#eachArea();
    if (main === undefined) throw new Error("The site has no directory.");
    return main;
  }

  #file(name: string): string {
    return `${this.#main().directory}/${name}`;
  }

  #mark(name: string): void {
    const file = this.#file(name);
    writeFileSync(bytes(`${file}.new`), "", { flush: true });
    renameSync(bytes(`${file}.new`), bytes(file));
    syncDirectory(this.#main().directory);
    this.#options.fault?.(`marked ${name}`);
  }

  #begin(attempt: string, operations: Iterable<SwapOperation>): void {
    for (const area of this.#eachArea()) {
      makeArea(area);
      mkdirSync(bytes(`${area.directory}/kept`), { recursive: true, mode: 0o700 });
      syncDirectory(area.directory);
    }
    writeFileSync(bytes(this.#file("attempt")), attempt, { flush: true });
    writeJournal(this.#file("journal"), this.#lines(operations));
    this.#options.fault?.("journal written");
  }

  /** What stands there now is recorded with each operation: putting back needs it. */
  *#lines(operations: Iterable<SwapOperation>): Generator<JournalLine> {
    const entryOf = entryReader();
    const now = (path: BytePath): ListedEntry | undefined =>
      this.#at(path, (live) => {
        const stat = lstatSync(bytes(live), { bigint: true, throwIfNoEntry: false });
        return stat === undefined || isOwnOfflinePage(live) ? undefined : entryOf(path, stat, live);
      });
    for (const operation of operations) {
      if (operation.kind === "place") yield { ...operation, had: now(operation.path) !== undefined };
      else if (operation.kind === "makeDirectory")
        yield {
          kind: "makeDirectory",
          entry: journalEntry(operation.entry),
          had: now(operation.entry.path) !== undefined,
        };
      else if (operation.kind === "remove") yield operation;
      else {
        const path = operation.kind === "removeDirectory" ? operation.path : operation.entry.path;
        const old = now(path);
        // Gone meanwhile, or about to be made by this very swap: nothing to come back to.
        if (operation.kind === "removeDirectory") {
          if (old !== undefined) yield { kind: "removeDirectory", path, old: journalEntry(old) };
        } else
          yield {
            kind: "setMetadata",
            entry: journalEntry(operation.entry),
            old: journalEntry(old ?? operation.entry),
          };
      }
    }
  }

  async #carryOut(
    direction: "forward" | "back",
    passesOf: (journal: Journal) => readonly { readonly places: Iterable<number>; readonly move: typeof forward }[],
  ): Promise<SwapReport> {
    const journal = new Journal(this.#file("journal"));
    const attempt = readFileSync(bytes(this.#file("attempt")), "utf8");
    const notes: string[] = [];
    const context: MoveContext = { setMetadata: this.#options.setMetadata, note: (text) => void notes.push(text) };
    const holder = new ParentHolder((path) => this.#locate(path));
    let turn = performance.now();
    try {
      for (const { places, move } of passesOf(journal)) {
        for (const place of places) {
          const line = journal.at(place);
          const found = holder.placesOf(pathOf(line), { attempt, place, areas: this.#eachArea() });
          // A parent that is gone: what lay in it is gone with it, and there is nothing to do for this line.
          if (found !== undefined) move(line, found, context);
          this.#options.fault?.(`${direction} ${place}`);
          if (performance.now() - turn < turnMilliseconds) continue;
          await setImmediate();
          turn = performance.now();
        }
      }
    } finally {
      holder.close();
    }
    for (const area of this.#eachArea()) await syncFileSystem(area.directory);
    this.#mark(`done-${direction}`);
    return { notes };
  }

  #locate(path: BytePath): { readonly root: ResolvedRoot; readonly rest: string } {
    const root = this.#eachArea()
      .map((area) => area.root)
      .filter(({ at }) => at === "" || path === at || path.startsWith(`${at}/`))
      .reduce<ResolvedRoot | undefined>(
        (best, next) => (best && best.at.length > next.at.length ? best : next),
        undefined,
      );
    if (root === undefined) throw refuse("RestoreFailed", { reason: "A path lies in none of the site's directories." });
    return { root, rest: root.at === "" ? path : path.slice(root.at.length + 1) };
  }

  #at<Value>(path: BytePath, use: (live: string) => Value): Value | undefined {
    const { root, rest } = this.#locate(path);
    if (rest === "") return use(root.real || "/");
    let held: HeldDirectory;
    try {
      held = holdDirectory(root.real, parentOf(rest), "reach");
    } catch (error) {
      if (saysGone(error)) return undefined;
      throw error;
    }
    try {
      return use(`${held.prefix}/${nameOf(rest)}`);
    } finally {
      held.close();
    }
  }

  /** Another drive mounted inside the site: nothing can be renamed across its border. */
  #otherFileSystems(paths: Iterable<BytePath>): readonly string[] {
    const devices = new Map<string, boolean>();
    const problems: string[] = [];
    for (const path of paths) {
      const { root, rest } = this.#locate(path);
      const parent = parentOf(rest);
      const key = `${root.real}/${parent}`;
      if (devices.has(key)) continue;
      const found = statSync(bytes(key), { throwIfNoEntry: false });
      const other = found !== undefined && found.dev !== statSync(bytes(root.real || "/")).dev;
      devices.set(key, other);
      if (other)
        problems.push(
          `${Buffer.from(key, "latin1").toString("utf8")} is on another file system than the site. Name it as a directory of its own in the site's file.`,
        );
    }
    return problems;
  }
}

const stagedIn = (area: Area, attempt: string): string => `${area.directory}/staged-${attempt}`;
const parentOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf("/"), 0));
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const pathOf = (line: JournalLine): BytePath => ("path" in line ? line.path : line.entry.path);

function* upwards(length: number): Generator<number> {
  for (let place = 0; place < length; place++) yield place;
}

function* downwards(length: number): Generator<number> {
  for (let place = length - 1; place >= 0; place--) yield place;
}

interface Move {
  readonly attempt: string;
  readonly place: number;
  readonly areas: readonly Area[];
}

/** Holds the directory of the last path open: neighbours come one after the other. */
class ParentHolder {
  readonly #locate: (path: BytePath) => { readonly root: ResolvedRoot; readonly rest: string };
  #held: { readonly key: string; readonly directory: HeldDirectory } | undefined;

  constructor(locate: (path: BytePath) => { readonly root: ResolvedRoot; readonly rest: string }) {
    this.#locate = locate;
  }

  placesOf(path: BytePath, { attempt, place, areas }: Move): Places | undefined {
    const { root, rest } = this.#locate(path);
    const area = areas.find((candidate) => candidate.root === root);
    if (area === undefined) throw new Error("A root without an area.");
    const live = rest === "" ? root.real : this.#below(root, rest);
    if (live === undefined) return undefined;
    return { live, kept: `${area.directory}/kept/${place}`, staged: `${stagedIn(area, attempt)}/${rest}` };
  }

  #below(root: ResolvedRoot, rest: string): string | undefined {
    const key = `${root.real}/${parentOf(rest)}`;
    if (this.#held?.key !== key || !this.#held.directory.isStillThere()) {
      this.close();
      try {
        this.#held = { key, directory: holdDirectory(root.real, parentOf(rest), "reach") };
      } catch (error) {
        if (saysGone(error)) return undefined;
        throw error;
      }
    }
    return `${this.#held.directory.prefix}/${nameOf(rest)}`;
  }

  close(): void {
    this.#held?.directory.close();
    this.#held = undefined;
  }
}

/** One flush of the whole file system: a flush of each of many thousand files takes minutes. */
const syncFileSystem = async (directory: string): Promise<void> => {
  const text = Buffer.from(directory, "latin1").toString("utf8");
  try {
    await promisify(execFile)("sync", ["-f", text]);
  } catch {
    // No such command here: the directory itself is all that can be flushed at once.
    syncDirectory(directory);
  }
};
