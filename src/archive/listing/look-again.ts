import { noPath, type BytePath } from "../../domain/byte-path.ts";
import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import type { Folder, SiteFiles } from "../../ports/site-files.ts";
import type { ListingColumns } from "./listing-columns.ts";

/** What was told of a site, sorted; and who wants what is found besides. */
interface Told {
  readonly listing: ListingColumns;
  /** The file system's own time before the first folder was read. */
  readonly beganNs: bigint;
  readonly wants: (path: BytePath) => boolean;
}

interface Latecomers {
  /** Sorted, with what was found. */
  readonly listing: ListingColumns;
  readonly found: readonly ListedEntry[];
  readonly leftOut: readonly LeftOut[];
}

/** A folder in which something happens all the time is looked into so often at most. */
const mostRounds = 3;

/** Clocks that stamp folders tick at every tenth of a second at worst, where their ticks are told at all. */
const tickNs = 100_000_000n;

/**
 * A listing takes its time: what is renamed meanwhile, out of a folder that is still to be read into one that has been,
 * or within one that is being read, is not told though it was there all the time. So folders that changed since they
 * were told are looked into once more. What was told is not told again.
 */
export const lookAgain = async (
  files: Pick<SiteFiles, "now" | "folders">,
  told: Told,
  signal?: AbortSignal,
): Promise<Latecomers> => {
  const { listing } = told;
  const latecomers = new LatecomersFound(told);
  let { beganNs } = told;
  for (let round = 0; files.folders !== undefined && round < mostRounds; round++) {
    const roundBeganNs = await files.now();
    const changed: BytePath[] = [];
    for await (const path of files.folders.changed(latecomers.folders(), beganNs - tickNs, signal)) changed.push(path);
    if (changed.length === 0) break;
    for (let path = changed.pop(); path !== undefined; path = changed.pop()) {
      const seen = await files.folders.look(path, signal);
      if (seen !== undefined) changed.push(...latecomers.add(path, seen));
    }
    beganNs = roundBeganNs;
  }
  const found = [...latecomers.entries.values()];
  return { listing: listing.with(found), found, leftOut: [...latecomers.leftOut.values()] };
};

/** What was not told before, as it comes. */
class LatecomersFound {
  readonly entries = new Map<BytePath, ListedEntry>();
  readonly leftOut = new Map<BytePath, LeftOut>();
  readonly #told: Told;
  /** Of folders that were looked into again. */
  readonly #times = new Map<BytePath, bigint>();

  constructor(told: Told) {
    this.#told = told;
  }

  /** Every folder that is known by now, the home itself among them. */
  *folders(): Generator<Folder> {
    const { listing } = this.#told;
    yield { path: noPath, mtimeNs: this.#times.get(noPath) };
    for (let place = 0; place < listing.length; place++) {
      const folder = listing.folder(place);
      if (folder !== undefined) yield { ...folder, mtimeNs: this.#times.get(folder.path) ?? folder.mtimeNs };
    }
    for (const { path, kind } of this.entries.values())
      if (kind === "directory") yield { path, mtimeNs: this.#times.get(path) };
  }

  /** Answers the folders in it that were not known. */
  add(
    folder: BytePath,
    seen: { readonly mtimeNs: bigint; readonly entries: readonly ListedEntry[]; readonly leftOut: readonly LeftOut[] },
  ): readonly BytePath[] {
    this.#times.set(folder, seen.mtimeNs);
    for (const missing of seen.leftOut) if (this.#told.wants(missing.path)) this.leftOut.set(missing.path, missing);
    const added = seen.entries.filter(({ path }) => this.#told.wants(path) && !this.#isKnown(path));
    for (const entry of added) this.entries.set(entry.path, entry);
    return added.filter(({ kind }) => kind === "directory").map(({ path }) => path);
  }

  #isKnown(path: BytePath): boolean {
    const { listing } = this.#told;
    // The cast is safe: a byte path with an ASCII character behind it is one.
    return this.entries.has(path) || listing.find(path) >= 0 || listing.find(`${path}/` as BytePath) >= 0;
  }
}
