import { setImmediate } from "node:timers/promises";
import type { BytePath } from "../../../domain/byte-path.ts";
import type { Area } from "./area.ts";
import type { Journal, JournalLine } from "./journal.ts";
import { back, backMetadata, bringsBack, forward, type MetadataWriter, type MoveContext } from "./moves.ts";
import { PlaceFinder, readable, type Direction } from "./places.ts";
import { SpelledNames } from "./spelled-names.ts";

const turnMilliseconds = 20;
/** Nobody in this process has a turn meanwhile, and another process that puts back has renamed the folders first. */
const trustedMilliseconds = 1;

interface CarryingOut {
  readonly journal: Journal;
  readonly areas: readonly Area[];
  readonly direction: Direction;
  readonly setMetadata: MetadataWriter;
  /** Throws when another attempt makes the changes by now. */
  readonly checkHolder: () => void;
  /** Called after every change; when it takes its time, others may have had their turn. */
  readonly between: (point: string) => Promise<void> | undefined;
}

/** Makes all changes of a journal, in one direction or the other; those that were made before stay as they are. */
export const carryOut = async (
  job: CarryingOut,
): Promise<{ readonly notes: readonly string[]; readonly missed: readonly BytePath[] }> => {
  const { journal, areas, direction } = job;
  const notes = new Notes();
  const spelled = new SpelledNames(areas);
  const context: MoveContext = {
    setMetadata: job.setMetadata,
    note: (text) => notes.add(text),
    isSpelled: (path) => spelled.has(path),
  };
  const finder = new PlaceFinder(areas, direction);
  const missed: BytePath[] = [];
  let turn = performance.now();
  let checked = 0;
  try {
    for (const pass of direction === "forward" ? [moveForward] : [moveBack, setBack])
      for (let step = 0; step < journal.length; step++) {
        const place = direction === "forward" ? step : journal.length - 1 - step;
        if (performance.now() - checked > trustedMilliseconds) {
          job.checkHolder();
          checked = performance.now();
        }
        const line = journal.at(place);
        if (!pass({ line, place, finder, context })) missed.push(line.path);
        const others = job.between(`${direction} ${place}`);
        if (others !== undefined) await others;
        else if (performance.now() - turn < turnMilliseconds) continue;
        else await setImmediate();
        turn = performance.now();
        checked = 0;
      }
  } finally {
    finder.close();
  }
  return { notes: notes.lines(), missed };
};

interface Move {
  readonly line: JournalLine;
  readonly place: number;
  readonly finder: PlaceFinder;
  readonly context: MoveContext;
}

const moveForward = ({ line, place, finder, context }: Move): boolean => {
  const places = finder.find(line, place);
  if (places !== undefined) forward(line, places, context);
  else if (line.kind === "place" || line.kind === "makeDirectory")
    throw new Error(`The folder of ${readable(line.path)} vanished from the site.`);
  return true;
};

/** False when something cannot be brought back: what stands in its way is neither moved nor overwritten. */
const moveBack = ({ line, place, finder, context }: Move): boolean => {
  let places = finder.find(line, place);
  if (places === undefined) {
    if (!bringsBack(line, finder.kept(line, place))) return true;
    if (!finder.makeParents(line.path)) return false;
    places = finder.find(line, place);
    if (places === undefined) return false;
  }
  back(line, places, context);
  return true;
};

const setBack = ({ line, place, finder, context }: Move): boolean => {
  const places = finder.find(line, place);
  if (places !== undefined) backMetadata(line, places, context);
  return true;
};

const mostNotes = 1_000;

/** What could not be done exactly, the same only once; of very many the first. */
class Notes {
  readonly #texts = new Set<string>();
  #more = 0;

  add(text: string): void {
    if (this.#texts.size < mostNotes || this.#texts.has(text)) this.#texts.add(text);
    else this.#more++;
  }

  lines(): readonly string[] {
    return this.#more === 0 ? [...this.#texts] : [...this.#texts, `... and ${this.#more} more like these.`];
  }
}
