import { readdirSync } from "node:fs";
import type { BytePath } from "../../../domain/byte-path.ts";
import { errorCode } from "../../../domain/error-code.ts";
import { holdDirectory } from "../beneath.ts";
import { bytes, type Area } from "./area.ts";
import { inRoot, nameOf, parentOf } from "./places.ts";

interface Listed {
  readonly folder: string;
  readonly names: ReadonlySet<string>;
}

/** How the names of a site are spelled: a file system may find a file under others, too. */
export class SpelledNames {
  readonly #areas: readonly Area[];
  /** Of the folders on the way to the last path: the next one mostly lies beside or below it. */
  #listed: readonly Listed[] = [];

  constructor(areas: readonly Area[]) {
    this.#areas = areas;
  }

  /** Whether what is found at a path has just these names; so it is, too, where nobody may look. */
  has(path: BytePath): boolean {
    const { area, rest } = inRoot(this.#areas, path);
    const { real } = area.root;
    try {
      return this.#hasBelow(real, rest);
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      return true;
    }
  }

  #hasBelow(real: string, rest: string): boolean {
    if (rest === "") return true;
    const folder = parentOf(rest);
    if (!this.#hasBelow(real, folder)) return false;
    const depth = folder === "" ? 0 : folder.split("/").length;
    const known = this.#listed[depth];
    const key = `${real}/${folder}`;
    if (known?.folder === key && known.names.has(nameOf(rest))) return true;
    // Since then it may have come.
    const names = namesIn(real, folder);
    this.#listed = [...this.#listed.slice(0, depth), { folder: key, names }];
    return names.has(nameOf(rest));
  }
}

const namesIn = (real: string, folder: string): ReadonlySet<string> => {
  const held = holdDirectory(real, folder, "list");
  try {
    return new Set(readdirSync(bytes(held.prefix), "latin1"));
  } finally {
    held.close();
  }
};
