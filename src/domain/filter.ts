import { pathFromText, pathText, type BytePath } from "./byte-path.ts";

/** Where a site's filter lies; it is a file of the site, and part of its backups. */
export const filterPath = pathFromText("site/wwwroot/_backup.filter");

export interface FilterLine {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

/** What a site does not want in its backups (docs/filter.md is the grammar). */
export interface Filter {
  readonly lines: readonly FilterLine[];
  /** The line that leaves out the outermost of the folders this path lies in, or the path itself; of several the first. */
  excludedBy(path: BytePath): FilterLine | undefined;
}

interface Rule {
  readonly line: FilterLine;
  /** Folded; exact paths are looked up, the others tried one by one. */
  readonly exact?: string;
  readonly pattern?: RegExp;
}

export const parseFilter = (text: string): Filter => {
  const rules = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .flatMap((line, index) => toRule({ number: index + 1, text: line.trim() }));
  return { lines: rules.map((rule) => rule.line), excludedBy: matcher(rules) };
};

const toRule = (line: FilterLine): Rule[] => {
  if (line.text === "" || line.text.startsWith("#")) return [];
  const path = normal(line.text);
  if (path === "") return [];
  return [/[*?]/.test(path) ? { line, pattern: toPattern(path) } : { line, exact: path }];
};

/** The line as a folded path below the home: App Service users write it with the home's own name, or without. */
const normal = (text: string): string =>
  fold(text)
    .replaceAll("\\", "/")
    .replace(/^(?:%home%|\$home|[a-z]:\/home|\/home(?=\/site\/))/, "")
    .split("/")
    .filter((segment) => segment !== "" && segment !== ".")
    .join("/");

// As on Windows, where the format comes from, letter case does not count.
const fold = (text: string): string => text.normalize("NFC").toLowerCase();

const toPattern = (path: string): RegExp => {
  const segments = path.split("/").filter((segment, index, all) => segment !== "**" || all[index + 1] !== "**");
  const source = segments.map((segment, index) => {
    const isLast = index === segments.length - 1;
    if (segment === "**") return isLast ? "[^/]+" : "(?:[^/]+/)*";
    return segmentPattern(segment) + (isLast ? "" : "/");
  });
  // What lies below a matched folder is found by trying its folders, so the pattern ends where the path ends.
  return new RegExp(`^${source.join("")}$`, "su");
};

const segmentPattern = (segment: string): string =>
  segment
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, "[^/]*")
    .replaceAll("?", "[^/]");

const matcher = (rules: readonly Rule[]): Filter["excludedBy"] => {
  if (rules.length === 0) return () => undefined;
  const exact = new Map<string, FilterLine>();
  const patterns: { readonly line: FilterLine; readonly pattern: RegExp }[] = [];
  for (const { line, exact: path, pattern } of rules) {
    if (path !== undefined && !exact.has(path)) exact.set(path, line);
    if (pattern !== undefined) patterns.push({ line, pattern });
  }
  const lineOf = remembered((path: string): FilterLine | undefined => {
    const found = [exact.get(path), patterns.find(({ pattern }) => pattern.test(path))?.line].filter(
      (line) => line !== undefined,
    );
    return found.sort((a, b) => a.number - b.number)[0];
  });
  return (path) => {
    const folded = fold(pathText(path));
    for (let end = folded.indexOf("/"); end >= 0; end = folded.indexOf("/", end + 1)) {
      const line = lineOf(folded.slice(0, end), true);
      if (line !== undefined) return line;
    }
    return lineOf(folded, false);
  };
};

/** Folders are asked about once for every file in them, so the last answers are kept; files are asked about once. */
const remembered = <Value>(ask: (path: string) => Value): ((path: string, keep: boolean) => Value) => {
  const known = new Map<string, Value>();
  return (path, keep) => {
    if (!keep) return ask(path);
    if (known.has(path)) return known.get(path) as Value; // Safe: has() said so, and undefined is a Value here.
    const answer = ask(path);
    if (known.size > 10_000) known.clear();
    known.set(path, answer);
    return answer;
  };
};
