import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { ExchangeState } from "../../../ports/site-host.ts";
import { bytes, isThere, syncDirectory } from "./area.ts";

/** Marks and notes take some hundred bytes each, and a block; folders that are made again take blocks, too. */
const reservedBytes = 2 ** 18;

export class TakenOver extends Error {}

interface MarksOptions {
  readonly run: string;
  /** Of the first root's area; latin1. */
  readonly directory: string;
  /** Called after each mark; tests end the process there. */
  readonly fault?: ((point: string) => void) | undefined;
}

/**
 * What says how far an exchange is: `journal` (written before the first change), then `back` when the direction turned, then
 * `done`. `holder` names the call that makes the changes; one that finds another's name there stops.
 */
export class Marks {
  readonly #options: MarksOptions;

  constructor(options: MarksOptions) {
    this.#options = options;
  }

  state(): ExchangeState {
    const has = (name: string): boolean => isThere(this.file(name));
    if (has("forgotten")) return "none";
    if (has("done-back")) return "putBack";
    if (has("back")) return "puttingBack";
    if (has("done-forward")) return "swapped";
    if (has("journal")) return "swapping";
    return isThere(this.#options.directory) ? "staged" : "none";
  }

  file(name: string): string {
    return `${this.#options.directory}/${name}`;
  }

  /** Still there after a power cut when it returns. */
  set(name: string): void {
    this.#write(name, "");
    syncDirectory(this.#options.directory);
    this.#options.fault?.(`marked ${name}`);
  }

  /** Room for the marks of the way back, should the disk become full in the middle: nothing can be put back without them. */
  reserveRoom(): void {
    // Of bytes that no file system can pack.
    writeFileSync(bytes(this.file("room")), randomBytes(reservedBytes), { flush: true });
  }

  freeRoom(): void {
    rmSync(bytes(this.file("room")), { force: true });
  }

  /** None in an area of which nothing is left. */
  notes(): readonly string[] {
    const file = this.file("notes");
    // Safe: written by keepNotes.
    return isThere(file) ? (JSON.parse(readFileSync(bytes(file), "utf8")) as readonly string[]) : [];
  }

  /** To the disk with the mark that is set next. */
  keepNotes(notes: readonly string[]): void {
    this.#write("notes", JSON.stringify(notes));
  }

  /** Whoever makes changes from here on is this call alone. Answers what throws TakenOver once another did the same. */
  takeOver(): () => void {
    this.#write("holder", randomUUID());
    const file = bytes(this.file("holder"));
    const seen = () => statSync(file, { bigint: true, throwIfNoEntry: false });
    const own = seen();
    return () => {
      const now = seen();
      if (now === undefined || now.ino !== own?.ino || now.ctimeNs !== own.ctimeNs)
        throw new TakenOver(`Another attempt took over the swap of ${this.#options.run}.`);
    };
  }

  #write(name: string, text: string): void {
    const file = this.file(name);
    // Two attempts may write the same name at the same time.
    const temporary = `${file}.${randomUUID()}`;
    writeFileSync(bytes(temporary), text, { flush: true });
    renameSync(bytes(temporary), bytes(file));
  }
}
