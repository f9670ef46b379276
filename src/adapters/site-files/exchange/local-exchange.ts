import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { BytePath } from "../../../domain/byte-path.ts";
import { someOf } from "../../../domain/some-of.ts";
import type { Exchange, ExchangeNeed, ExchangeState, SwapOperation, SwapReport } from "../../../ports/site-host.ts";
import type { LocalRoot } from "../../../ports/site-files.ts";
import { setExactTimes } from "../exact-times.ts";
import type { ResolvedRoot } from "../list-root.ts";
import { areaOf, bytes, isThere, makeArea, makeUnlessThere, removeArea, syncDirectory, type Area } from "./area.ts";
import { carryOut } from "./carry-out.ts";
import { journalLines } from "./journal-lines.ts";
import { Journal, writeJournal } from "./journal.ts";
import { Marks, TakenOver } from "./marks.ts";
import type { MetadataWriter } from "./moves.ts";
import { nameClashes } from "./name-clashes.ts";
import { inRoot, keptIn, readable, stagedIn, type Direction } from "./places.ts";
import { exchangeProblems } from "./room.ts";

interface LocalExchangeOptions {
  readonly run: string;
  readonly roots: () => readonly ResolvedRoot[];
  /** Sets what the archive tells. */
  readonly setMetadata: MetadataWriter;
  /** Sets what was there before. */
  readonly setMetadataBack: MetadataWriter;
  /** Called between any two changes of the file system; tests end the process there. */
  readonly fault?: (point: string) => void;
  /** Brings everything on a directory's file system to the disk; tests do without. */
  readonly flush?: (directory: string) => Promise<void>;
  /** Called after every change instead of a turn of the loop now and then; tests let other attempts in there. */
  readonly pause?: () => Promise<void>;
}

const waitMs = 50;
/** An attempt that took over and then stands still this long has died. */
const longestWaitMs = 60_000;

/** The exchange of a local site's content. All that says how far it is lies in the first root's area. */
export class LocalExchange implements Exchange {
  readonly #options: LocalExchangeOptions;
  #areas: readonly Area[] | undefined;

  constructor(options: LocalExchangeOptions) {
    this.#options = options;
  }

  async state(): Promise<ExchangeState> {
    return this.#marks.state();
  }

  async check(need: ExchangeNeed): Promise<readonly string[]> {
    return exchangeProblems(this.#eachArea(), need);
  }

  async clashes(twins: Iterable<readonly BytePath[]>): Promise<readonly string[]> {
    return nameClashes(this.#eachArea(), twins);
  }

  async stage(attempt: string, keep: readonly string[] = []): Promise<readonly LocalRoot[]> {
    const state = this.#marks.state();
    if (state !== "none" && state !== "staged")
      throw new Error(`The swap of ${this.#options.run} has begun; nothing more can be staged.`);
    const kept = new Set(keep.map((one) => `staged-${one}`));
    return this.#eachArea().map((area) => {
      makeArea(area);
      for (const name of readdirSync(bytes(area.directory), "latin1"))
        if (name.startsWith("staged-") && !kept.has(name)) remove(`${area.directory}/${name}`);
      const directory = stagedIn(area, attempt);
      mkdirSync(bytes(directory), { mode: 0o700 });
      return { at: area.root.at, directory: readable(directory) };
    });
  }

  async settle(attempt: string, times: Iterable<{ readonly path: BytePath; readonly mtimeNs: bigint }>): Promise<void> {
    const files = function* (areas: readonly Area[]) {
      for (const { path, mtimeNs } of times) {
        const { area, rest } = inRoot(areas, path);
        yield { file: `${stagedIn(area, attempt)}/${rest}`, mtimeNs };
      }
    };
    await setExactTimes(files(this.#eachArea()));
    for (const area of this.#eachArea()) {
      if (!isThere(stagedIn(area, attempt))) throw new Error(`Another attempt staged in the place of ${attempt}.`);
      await this.#flush(stagedIn(area, attempt));
    }
  }

  async swap(operations: Iterable<SwapOperation>): Promise<SwapReport> {
    const state = this.#marks.state();
    if (state === "swapped") return { notes: this.#marks.notes() };
    if (state === "puttingBack" || state === "putBack") throw new Error(`${this.#options.run} was put back already.`);
    if (state === "none") throw new Error(`Nothing is staged for ${this.#options.run}.`);
    const checkHolder = this.#marks.takeOver();
    if (state !== "swapping") this.#begin(operations);
    return this.#finish("forward", checkHolder);
  }

  async putBack(): Promise<SwapReport> {
    const state = this.#marks.state();
    if (state === "none" || state === "staged") return { notes: [] };
    if (state === "putBack") return { notes: this.#marks.notes() };
    this.#marks.freeRoom();
    const checkHolder = this.#marks.takeOver();
    if (state !== "puttingBack") this.#marks.set("back");
    this.#turnFolders();
    return this.#finish("back", checkHolder);
  }

  /** An attempt that another one took over from ends when that one does. */
  async #finish(direction: Direction, checkHolder: () => void): Promise<SwapReport> {
    try {
      const notes = await this.#carryOut(direction, checkHolder);
      this.#marks.freeRoom();
      this.#marks.keepNotes(notes);
      this.#marks.set(`done-${direction}`);
      return { notes };
    } catch (error) {
      if (!(error instanceof TakenOver)) throw error;
      const wanted = direction === "forward" ? "swapped" : "putBack";
      const underWay = direction === "forward" ? "swapping" : "puttingBack";
      for (let waited = 0; waited < longestWaitMs && this.#marks.state() === underWay; waited += waitMs)
        await sleep(waitMs);
      if (this.#marks.state() !== wanted) throw error;
      return { notes: this.#marks.notes() };
    }
  }

  async forget(): Promise<void> {
    const state = this.#marks.state();
    if (state === "swapping" || state === "puttingBack")
      throw new Error(`The swap of ${this.#options.run} is under way.`);
    const [main, ...others] = this.#eachArea();
    if (main === undefined || (state === "none" && !isThere(main.directory))) return;
    // From here on nothing of it counts any more: half an area must not look like half a swap.
    this.#marks.set("forgotten");
    for (const area of others) removeArea(area);
    for (const name of readdirSync(bytes(main.directory), "latin1"))
      if (name !== "forgotten") remove(`${main.directory}/${name}`);
    removeArea(main);
  }

  #flush(directory: string): Promise<void> {
    return (this.#options.flush ?? syncFileSystem)(directory);
  }

  #eachArea(): readonly Area[] {
    this.#areas ??= this.#options.roots().map((root) => areaOf(root, this.#options.run));
    return this.#areas;
  }

  get #marks(): Marks {
    const [main] = this.#eachArea();
    if (main === undefined) throw new Error("The site has no directory.");
    const { run, fault } = this.#options;
    return new Marks({ run, directory: main.directory, fault });
  }

  #begin(operations: Iterable<SwapOperation>): void {
    for (const area of this.#eachArea()) {
      makeUnlessThere(keptIn(area, "forward"));
      syncDirectory(area.directory);
    }
    this.#marks.reserveRoom();
    writeJournal(this.#marks.file("journal"), journalLines(this.#eachArea(), operations));
    this.#options.fault?.("journal written");
  }

  #turnFolders(): void {
    for (const area of this.#eachArea())
      for (const name of readdirSync(bytes(area.directory), "latin1")) {
        const attempt = name.startsWith("staged-") ? name.slice("staged-".length) : undefined;
        if (attempt === undefined && name !== "kept") continue;
        const to = attempt === undefined ? keptIn(area, "back") : stagedIn(area, attempt, "back");
        renameSync(bytes(`${area.directory}/${name}`), bytes(to));
        this.#options.fault?.(`turned ${name}`);
      }
  }

  async #carryOut(direction: Direction, checkHolder: () => void): Promise<readonly string[]> {
    const { setMetadata, setMetadataBack, fault, pause } = this.#options;
    const { notes, missed } = await carryOut({
      journal: new Journal(this.#marks.file("journal")),
      areas: this.#eachArea(),
      direction,
      setMetadata: direction === "forward" ? setMetadata : setMetadataBack,
      between: (point) => {
        fault?.(point);
        return pause?.();
      },
      checkHolder,
    });
    for (const area of this.#eachArea()) await this.#flush(area.directory);
    if (missed.length > 0) throw notBroughtBack(missed);
    checkHolder();
    return notes;
  }
}

const remove = (path: string): void => rmSync(bytes(path), { recursive: true, force: true });

const notBroughtBack = (missed: readonly BytePath[]): Error => {
  const shown = someOf(missed.map(readable), 5);
  return new Error(`Something else stands in the way of ${shown}. Move it away and undo the restore again.`);
};

/** One flush of the whole file system: a flush of each of many thousand files takes minutes. */
const syncFileSystem = async (directory: string): Promise<void> => {
  try {
    await promisify(execFile)("sync", ["-f", readable(directory)]);
  } catch {
    // No such command here: the directory itself is all that can be flushed at once.
    syncDirectory(directory);
  }
};
