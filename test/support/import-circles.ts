import { posix } from "node:path";

const statements = /^(?:import|export)\s+(type\s+)?([^;"]*?)\s*from\s*"(\.[^"]+)"/gm;

const isOnlyTypes = (what: string): boolean =>
  what.startsWith("{") &&
  what
    .slice(1, -1)
    .split(",")
    .every((name) => name.trim() === "" || name.trim().startsWith("type "));

/** The files whose values a file imports; what is imported as a type is gone when the program runs. */
const importsOf = (path: string, text: string): readonly string[] =>
  [...text.matchAll(statements)].flatMap(([, type, what = "", from = ""]) =>
    type !== undefined || isOnlyTypes(what) ? [] : [posix.join(posix.dirname(path), from)],
  );

/** Every way from a file back to itself by imports of values, one a circle. */
export const importCircles = (files: ReadonlyMap<string, string>): readonly (readonly string[])[] => {
  const circles: (readonly string[])[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    const from = way.indexOf(path);
    if (from >= 0) circles.push([...way.slice(from), path]);
    if (from >= 0 || done.has(path)) return;
    for (const next of importsOf(path, files.get(path) ?? "")) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of files.keys()) visit(path, []);
  return circles;
};
