import type { BytePath } from "../../domain/byte-path.ts";
import type { Filter } from "../../domain/filter.ts";
import { databaseBeside } from "../../domain/sqlite-file.ts";

/** What of a site a restore may touch. */
export interface RestoreScope {
  /** Only these and what is below them; none: everything. */
  readonly paths: readonly BytePath[];
  /** What the backup left out on purpose stays as it is. */
  readonly filter: Filter;
  /**
   * What was there and could not be read, with everything below it: it is not in the archive, and still the only copy.
   * Undefined: not all of it is known, so nothing at all is removed.
   */
  readonly leftOut: ReadonlySet<BytePath> | undefined;
  /** Where in the site its directories lie; "" is the whole home. */
  readonly roots: readonly BytePath[];
}

const isAtOrBelow = (path: string, folder: string): boolean =>
  folder === "" || path === folder || path.startsWith(`${folder}/`);

/** By its own path, or by that of a folder it lies in. */
export const isChosen = ({ paths }: RestoreScope, path: BytePath): boolean =>
  paths.length === 0 || paths.some((chosen) => isAtOrBelow(path, chosen));

/** A SQLite database is chosen with what lies beside it: with another log it would be damaged. */
export const mayBeChosen = (scope: RestoreScope, path: BytePath): boolean => {
  const database = databaseBeside(path);
  return isChosen(scope, path) || (database !== undefined && isChosen(scope, database));
};

/** The innermost of the site's directories that a path lies in, or is. */
export const rootOf = ({ roots }: Pick<RestoreScope, "roots">, path: BytePath): BytePath | undefined => {
  let best: BytePath | undefined;
  for (const root of roots)
    if (isAtOrBelow(path, root) && (best === undefined || root.length > best.length)) best = root;
  return best;
};

/** A directory of the site, or one on the way to it: they are there by the site's definition, and are never removed. */
export const isStructure = ({ roots }: RestoreScope, path: BytePath): boolean =>
  roots.some((root) => isAtOrBelow(root, path)) || path === "site" || path === "site/wwwroot";

/** Why something that the archive does not have stays in the site, or undefined when it goes. */
export const reasonToLeave = (scope: RestoreScope, path: BytePath): string | undefined => {
  const line = scope.filter.excludedBy(path);
  if (line !== undefined) return `The backup left it out (${line.text}).`;
  if (scope.leftOut === undefined) return "The backup does not tell everything it could not read.";
  if (scope.leftOut.size > 0)
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1))
      // The cast is safe: a part of a byte path.
      if (scope.leftOut.has(path.slice(0, end) as BytePath)) return "The backup could not read it.";
  return undefined;
};

// The cast is safe: a part of a byte path.
export const parentPath = (path: BytePath): BytePath => path.slice(0, Math.max(path.lastIndexOf("/"), 0)) as BytePath;
