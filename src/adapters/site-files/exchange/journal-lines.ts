import { lstatSync } from "node:fs";
import type { BytePath } from "../../../domain/byte-path.ts";
import type { SwapOperation } from "../../../ports/site-host.ts";
import { entryReader } from "../entry-reader.ts";
import { isOwnOfflinePage } from "../own-offline-page.ts";
import { AlikePaths } from "./alike-paths.ts";
import { bytes, isThere, type Area } from "./area.ts";
import { journalEntry, type JournalEntry, type JournalLine } from "./journal.ts";
import { inRoot, parentOf, PlaceFinder, readable } from "./places.ts";
import { RemovedNames } from "./removed-names.ts";

/**
 * The lines for a swap: each operation with what stands there now, which putting back needs, and behind them the folders
 * around what changes. Throws when something that is to be placed is not staged: a file that is not there would be taken
 * for one that has been placed already.
 */
export function* journalLines(areas: readonly Area[], operations: Iterable<SwapOperation>): Generator<JournalLine> {
  const finder = new PlaceFinder(areas, "forward");
  const removed = new RemovedNames(areas, finder);
  const site = new SiteNow(finder, removed);
  const made = new AlikePaths();
  const touched = new Set<BytePath>();
  /** Folders whose own lines bring their times back. */
  const described = new Set<BytePath>();
  let place = 0;
  try {
    for (const operation of operations) {
      const line = lineOf(operation, site);
      if (line === undefined) continue;
      if (line.kind === "place") checkStaged(finder, areas, line);
      if (line.kind === "removeDirectory" || (line.kind === "setMetadata" && line.entry.kind === "directory"))
        described.add(line.path);
      if (line.kind !== "setMetadata" && inRoot(areas, line.path).rest !== "") touched.add(parentOf(line.path));
      if (line.kind === "remove" || line.kind === "removeDirectory")
        removed.add({ path: line.path, place, isFile: line.kind === "remove" });
      const isAlike = (line.kind === "place" || line.kind === "makeDirectory") && made.add(line.path);
      yield isAlike ? { ...line, alike: true } : line;
      place++;
    }
    for (const path of touched) {
      const old = described.has(path) ? undefined : site.entry(path);
      if (old?.kind === "directory") yield { kind: "touch", path, mtimeNs: old.mtimeNs };
    }
  } finally {
    finder.close();
  }
}

const lineOf = (operation: SwapOperation, site: SiteNow): JournalLine | undefined => {
  switch (operation.kind) {
    case "place": {
      const had = site.hasFile(operation.path);
      const twin = had ? undefined : site.removed.twinOf(operation.path);
      return { ...operation, had, ...(twin === undefined ? {} : { twin }) };
    }
    case "makeDirectory":
      return { ...operation, had: site.entry(operation.path)?.kind === "directory" };
    case "remove":
      return operation;
    case "removeDirectory": {
      const old = site.entry(operation.path);
      // Gone meanwhile: nothing to do, and nothing to come back to.
      return old?.kind === "directory" ? { ...operation, old } : undefined;
    }
    case "setMetadata": {
      const { path } = operation.entry;
      const old = site.entry(path);
      const isSame = old?.kind === operation.entry.kind;
      return { kind: "setMetadata", path, entry: journalEntry(operation.entry), ...(isSame ? { old } : {}) };
    }
  }
};

const checkStaged = (
  finder: PlaceFinder,
  areas: readonly Area[],
  { path, attempt }: { readonly path: BytePath; readonly attempt: string },
): void => {
  const staged = finder.staged(inRoot(areas, path), attempt);
  if (staged === undefined || !isThere(staged)) throw new Error(`${readable(path)} is not staged.`);
};

/** What the site has at a path before the first change. */
class SiteNow {
  readonly removed: RemovedNames;
  readonly #finder: PlaceFinder;
  readonly #entryOf = entryReader();

  constructor(finder: PlaceFinder, removed: RemovedNames) {
    this.#finder = finder;
    this.removed = removed;
  }

  /** Anything but a folder, and but our own offline page, which is not worth keeping. */
  hasFile(path: BytePath): boolean {
    const live = this.#live(path);
    const stat = live === undefined ? undefined : lstatSync(bytes(live), { throwIfNoEntry: false });
    return live !== undefined && stat !== undefined && !stat.isDirectory() && !isOwnOfflinePage(live);
  }

  entry(path: BytePath): JournalEntry | undefined {
    const live = this.#live(path);
    const stat = live === undefined ? undefined : lstatSync(bytes(live), { bigint: true, throwIfNoEntry: false });
    const entry = live !== undefined && stat !== undefined ? this.#entryOf(path, stat, live) : undefined;
    return entry && journalEntry(entry);
  }

  #live(path: BytePath): string | undefined {
    return this.removed.isOther(path) ? undefined : this.#finder.live(path);
  }
}
