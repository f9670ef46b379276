import { mkdirSync } from "node:fs";
import { errorCode } from "../../../domain/error-code.ts";
import { refuse } from "../../../domain/errors.ts";
import type { BytePath } from "../../../domain/byte-path.ts";
import { holdDirectory, type HeldDirectory } from "../beneath.ts";
import { saysGone } from "../file-reasons.ts";
import { bytes, type Area } from "./area.ts";
import type { JournalLine } from "./journal.ts";
import type { Places } from "./moves.ts";

export type Direction = "forward" | "back";

/** A path of the site in the directory that holds it. */
export interface Located {
  readonly area: Area;
  /** Below the directory; "" is the directory itself. */
  readonly rest: string;
}

export const inRoot = (areas: readonly Area[], path: BytePath): Located => {
  let area: Area | undefined;
  for (const one of areas) {
    const { at } = one.root;
    if (at !== "" && path !== at && !path.startsWith(`${at}/`)) continue;
    if (area === undefined || at.length > area.root.at.length) area = one;
  }
  if (area === undefined) throw refuse("RestoreFailed", { reason: "A path lies in none of the site's directories." });
  const { at } = area.root;
  return { area, rest: at === "" ? path : path.slice(at.length + 1) };
};

/**
 * Putting back gives the folders other names before it begins: whatever an attempt that still goes forward does then
 * finds nothing.
 */
export const stagedIn = (area: Area, attempt: string, direction: Direction = "forward"): string =>
  `${area.directory}/${direction === "forward" ? "staged" : "unused"}-${attempt}`;

export const keptIn = (area: Area, direction: Direction): string =>
  `${area.directory}/${direction === "forward" ? "kept" : "kept-back"}`;

// The cast is safe: a part of a path of that kind.
export const parentOf = <Path extends string>(path: Path): Path =>
  path.slice(0, Math.max(path.lastIndexOf("/"), 0)) as Path;
export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
export const readable = (path: string): string => Buffer.from(path, "latin1").toString("utf8");

/** The kernel takes paths up to 4,095 bytes; the rest is room for one more name. */
const longestPath = 3_800;

/** Holds the directories of the last path open: neighbours come one after the other. */
export class PlaceFinder {
  readonly #areas: readonly Area[];
  readonly #direction: Direction;
  readonly #live = new Holder();
  readonly #staged = new Holder();

  constructor(areas: readonly Area[], direction: Direction) {
    this.#areas = areas;
    this.#direction = direction;
  }

  /** Undefined when the folder it lies in is gone. */
  find(line: JournalLine, place: number): Places | undefined {
    const live = this.live(line.path);
    if (live === undefined) return undefined;
    const staged = line.kind === "place" ? this.staged(inRoot(this.#areas, line.path), line.attempt) : undefined;
    const twin = line.kind === "place" ? line.twin : undefined;
    return {
      live,
      ...this.kept(line, place),
      staged,
      twin: twin === undefined ? undefined : this.kept(line, twin).kept,
    };
  }

  kept({ path }: JournalLine, place: number): { readonly kept: string } {
    return { kept: `${keptIn(inRoot(this.#areas, path).area, this.#direction)}/${place}` };
  }

  live(path: BytePath): string | undefined {
    const { area, rest } = inRoot(this.#areas, path);
    if (rest === "") return area.root.real || "/";
    return this.#live.reach(area.root.real, rest);
  }

  /** Undefined when it is not staged, or no longer. */
  staged({ area, rest }: Located, attempt: string): string | undefined {
    const folder = stagedIn(area, attempt, this.#direction);
    const whole = `${folder}/${rest}`;
    return whole.length < longestPath ? whole : this.#staged.reach(folder, rest);
  }

  /** Makes the folders above a path that were removed since; false when something else stands in their place. */
  makeParents(path: BytePath): boolean {
    const { area, rest } = inRoot(this.#areas, path);
    const segments = parentOf(rest).split("/");
    for (let count = 1; count <= segments.length; count++) {
      const folder = this.#live.reach(area.root.real, segments.slice(0, count).join("/"));
      if (folder === undefined) return false;
      try {
        mkdirSync(bytes(folder), 0o755);
      } catch (error) {
        if (errorCode(error) !== "EEXIST") throw error;
      }
    }
    return this.#live.reach(area.root.real, rest) !== undefined;
  }

  close(): void {
    this.#live.close();
    this.#staged.close();
  }
}

/** How long a directory that is held is taken to be where it was; what is done in it meanwhile, is done in it anyway. */
const trustedMilliseconds = 20;

class Holder {
  #held: { readonly key: string; readonly directory: HeldDirectory; seen: number } | undefined;

  reach(root: string, rest: string): string | undefined {
    const key = `${root}/${parentOf(rest)}`;
    const held = this.#held?.key === key ? this.#held : undefined;
    if (held === undefined || !isTrusted(held)) {
      this.close();
      try {
        this.#held = { key, directory: holdDirectory(root, parentOf(rest), "reach"), seen: performance.now() };
      } catch (error) {
        if (saysGone(error)) return undefined;
        throw error;
      }
    }
    return `${this.#held?.directory.prefix}/${nameOf(rest)}`;
  }

  close(): void {
    this.#held?.directory.close();
    this.#held = undefined;
  }
}

const isTrusted = (held: { readonly directory: HeldDirectory; seen: number }): boolean => {
  const now = performance.now();
  if (now - held.seen < trustedMilliseconds) return true;
  held.seen = now;
  return isStillThere(held.directory);
};

/** Of a path that is too long to be told, nobody knows: it is opened anew. */
const isStillThere = (directory: HeldDirectory): boolean => {
  try {
    return directory.isStillThere();
  } catch {
    return false;
  }
};
