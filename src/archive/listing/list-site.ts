import { pathText, type BytePath } from "../../domain/byte-path.ts";
import { filterPath, parseFilter, type Filter, type FilterLine } from "../../domain/filter.ts";
import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import { ListingColumns } from "./listing-columns.ts";
import { lookAgain } from "./look-again.ts";
import { isUnreadable, readCarefully } from "./read-carefully.ts";
import { unsettledNs } from "./unsettled.ts";

/** What a backup of the site would hold, and what not. */
export interface SiteListing {
  /** Sorted. */
  readonly listing: ListingColumns;
  readonly files: number;
  readonly sizeBytes: number;
  /** What is there and cannot be kept, with the reason. */
  readonly leftOut: readonly LeftOut[];
  readonly filter: Filter;
  /** For each line of the filter what it left out; a line that matched nothing has zeros. */
  readonly excluded: ReadonlyMap<FilterLine, Excluded>;
}

interface Excluded {
  readonly entries: number;
  readonly sizeBytes: number;
}

interface ListOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told every entry that the filter leaves out. */
  readonly onExcluded?: (entry: ListedEntry, line: FilterLine) => void;
  readonly onProgress?: (listed: { readonly files: number; readonly sizeBytes: number }) => void;
}

/** Lists a site as a backup sees it: today's filter applied, sorted. */
export const listSite = async (files: SiteFiles, options: ListOptions = {}): Promise<SiteListing> => {
  const beganNs = await files.now();
  const filter = await readFilter(files, options.signal);
  const excluded = new Map<FilterLine, Excluded>(filter.lines.map((line) => [line, { entries: 0, sizeBytes: 0 }]));
  const listing = new ListingColumns();
  const leftOut: LeftOut[] = [];
  let count = 0;
  let sizeBytes = 0;
  for await (const batch of files.list(options.signal)) {
    for (const entry of batch.entries) {
      const line = filter.excludedBy(entry.path);
      if (line !== undefined) {
        const before = excluded.get(line) ?? { entries: 0, sizeBytes: 0 };
        excluded.set(line, { entries: before.entries + 1, sizeBytes: before.sizeBytes + entry.sizeBytes });
        options.onExcluded?.(entry, line);
        continue;
      }
      listing.append(entry);
      if (entry.kind !== "directory") count++;
      sizeBytes += entry.sizeBytes;
    }
    for (const missing of batch.leftOut) if (filter.excludedBy(missing.path) === undefined) leftOut.push(missing);
    options.onProgress?.({ files: count, sizeBytes });
  }
  listing.sort();
  const wants = (path: BytePath): boolean => filter.excludedBy(path) === undefined;
  const again = await lookAgain(files, { listing, beganNs, wants }, options.signal);
  for (const entry of again.found) {
    if (entry.kind !== "directory") count++;
    sizeBytes += entry.sizeBytes;
  }
  const left = withMissing(leftOut, again.leftOut);
  return { listing: again.listing, files: count, sizeBytes, leftOut: left, filter, excluded };
};

/** Each path once: what is told of it last counts. */
const withMissing = (leftOut: readonly LeftOut[], again: readonly LeftOut[]): readonly LeftOut[] => {
  const paths = new Set(again.map(({ path }) => path));
  return [...leftOut.filter(({ path }) => !paths.has(path)), ...again];
};

/** A site as it stands, whatever its filter says. */
export interface LiveListing {
  /** Sorted; all of the site. */
  readonly listing: ListingColumns;
  /** The file system's own time before the first folder was read. */
  readonly beganNs: bigint;
  readonly unlisted: readonly BytePath[];
}

export const listLive = async (
  files: Pick<SiteFiles, "list" | "now" | "folders">,
  signal?: AbortSignal,
): Promise<LiveListing> => {
  const beganNs = await files.now();
  const listing = new ListingColumns();
  const unlisted: BytePath[] = [];
  for await (const { entries, leftOut } of files.list(signal)) {
    for (const entry of entries) listing.append(entry);
    for (const { path } of leftOut) unlisted.push(path);
  }
  listing.sort();
  const again = await lookAgain(files, { listing, beganNs, wants: () => true }, signal);
  const missing = [...new Set([...unlisted, ...again.leftOut.map(({ path }) => path)])];
  return { listing: again.listing, beganNs, unlisted: missing };
};

/**
 * The site's filter as it is now; one that is not there, cannot be read, or changes as often as it is read leaves nothing
 * out: a line that is cut short would name far more than it means.
 */
const readFilter = async (files: SiteFiles, signal?: AbortSignal): Promise<Filter> => {
  try {
    const entry = await files.stat(filterPath);
    if (entry?.kind !== "file") return parseFilter("");
    const suspectAfterNs = (await files.now()) - unsettledNs;
    const read = await readCarefully(files, entry, { suspectAfterNs, signal });
    const isWhole = "content" in read && !read.hasChanged;
    return parseFilter(isWhole ? new TextDecoder().decode(read.content) : "");
  } catch (error) {
    // It is then among the files that are left out, each with its reason.
    if (isUnreadable(error)) return parseFilter("");
    throw error;
  }
};

/** Lines of a log, for people. */
export const filterWarnings = ({ filter, excluded }: Pick<SiteListing, "filter" | "excluded">): readonly string[] =>
  filter.lines
    .filter((line) => excluded.get(line)?.entries === 0)
    .map((line) => `Warning: line ${line.number} of ${pathText(filterPath)} (${line.text}) matches nothing.`);

export const leftOutLine = ({ path, reason }: { readonly path: BytePath; readonly reason: string }): string =>
  `${path === "" ? "" : `${pathText(path)}: `}${reason}`;
