import { readdirSync } from "node:fs";
import type { BytePath } from "../../../domain/byte-path.ts";
import { foldedPath } from "../../../domain/folded-path.ts";
import { saysGone } from "../file-reasons.ts";
import { bytes, type Area } from "./area.ts";
import { inRoot, nameOf, parentOf, type PlaceFinder } from "./places.ts";

interface Removed {
  readonly path: BytePath;
  /** The line that removes it. */
  readonly place: number;
  readonly isFile: boolean;
}

/**
 * What a swap removes, by names as coarse as any file system's. Where names differ in letter case only and the file
 * system takes them for one, `img/a` is found before `Img/a` is gone: it is not what stands there under its own name.
 */
export class RemovedNames {
  readonly #finder: PlaceFinder;
  readonly #areas: readonly Area[];
  readonly #removed = new Map<string, Removed>();
  /** As they were before the first change. */
  readonly #names = new Map<BytePath, ReadonlySet<string>>();

  constructor(areas: readonly Area[], finder: PlaceFinder) {
    this.#areas = areas;
    this.#finder = finder;
  }

  add(removed: Removed): void {
    this.#removed.set(foldedPath(removed.path), removed);
  }

  /** The line that removes a file which may be found under this path, too. */
  twinOf(path: BytePath): number | undefined {
    const removed = this.#removedAs(path);
    const isNear = removed?.isFile === true && this.#areaOf(removed.path) === this.#areaOf(path);
    return isNear ? removed.place : undefined;
  }

  /** Whether what is found at a path, if anything, is what will be removed: by a name or folder spelled otherwise. */
  isOther(path: BytePath): boolean {
    if (this.#removed.size === 0 || inRoot(this.#areas, path).rest === "") return false;
    return (this.#removedAs(path) !== undefined && !this.#isSpelled(path)) || this.isOther(parentOf(path));
  }

  #removedAs(path: BytePath): Removed | undefined {
    const removed = this.#removed.get(foldedPath(path));
    return removed?.path === path ? undefined : removed;
  }

  #areaOf(path: BytePath): Area {
    return inRoot(this.#areas, path).area;
  }

  /** Whether the site has it under this very name. */
  #isSpelled(path: BytePath): boolean {
    if (inRoot(this.#areas, path).rest === "") return true;
    const folder = parentOf(path);
    return this.#isSpelled(folder) && this.#namesIn(folder).has(nameOf(path));
  }

  #namesIn(folder: BytePath): ReadonlySet<string> {
    const known = this.#names.get(folder);
    if (known !== undefined) return known;
    const live = this.#finder.live(folder);
    const names = new Set(live === undefined ? [] : namesAt(live));
    this.#names.set(folder, names);
    return names;
  }
}

const namesAt = (folder: string): readonly string[] => {
  try {
    return readdirSync(bytes(folder), "latin1");
  } catch (error) {
    if (saysGone(error)) return [];
    throw error;
  }
};
