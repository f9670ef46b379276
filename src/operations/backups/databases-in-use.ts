import { forEachBounded } from "../../archive/bounded.ts";
import type { ListingColumns } from "../../archive/listing/listing-columns.ts";
import { isUnreadable } from "../../archive/listing/read-carefully.ts";
import { unsettledNs } from "../../archive/listing/unsettled.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";
import { logOf, mayBeSqlite, sharedMemoryOf, sqliteHeaderBytes, sqliteKind } from "../../domain/sqlite-file.ts";
import type { SiteFiles } from "../../ports/site-files.ts";

const headersAtOnce = 16;

/** Paths of a site's SQLite databases. */
export interface SiteDatabaseFiles {
  /** That may be written while they are read. */
  readonly used: readonly BytePath[];
  /** That nobody had open for a while: ordinary files, unless somebody comes before they are packed. */
  readonly atRest: readonly BytePath[];
}

/** SQLite databases among the files. */
export const databasesInUse = async (
  files: SiteFiles,
  listing: ListingColumns,
  signal?: AbortSignal,
): Promise<SiteDatabaseFiles> => {
  if (files.databasePages === undefined) return { used: [], atRest: [] };
  const candidates: ListedEntry[] = [];
  for (let place = 0; place < listing.length; place++) {
    if (!mayBeSqlite(listing.sizeBytes(place))) continue;
    const entry = listing.at(place);
    if (entry.kind === "file") candidates.push(entry);
  }
  const used: BytePath[] = [];
  const atRest: BytePath[] = [];
  const settledBefore = (await files.now()) - unsettledNs;
  await forEachBounded(candidates.values(), headersAtOnce, async (entry) => {
    const { path } = entry;
    const kind = sqliteKind(await headerOf(files, path, signal));
    if (kind === undefined) return;
    const isUsed =
      kind === "journal" ||
      (entry.ctimeNs ?? entry.mtimeNs) > settledBefore ||
      [sharedMemoryOf(path), logOf(path)].some((beside) => listing.find(beside) >= 0) ||
      (await mayBeWritten(files, path));
    (isUsed ? used : atRest).push(path);
  });
  return { used: used.toSorted(), atRest: atRest.toSorted() };
};

/**
 * In WAL mode, and open now. Who opens it for each request, as PHP does, is there at one moment and not at the next: that
 * tells by its time, or by what was listed beside it. Asked of the site: a filter may leave out what lies beside a
 * database. Who has it for himself alone needs no `-shm`.
 */
const mayBeWritten = async (files: SiteFiles, path: BytePath): Promise<boolean> =>
  (await bytesOf(files, sharedMemoryOf(path))) !== undefined || ((await bytesOf(files, logOf(path))) ?? 0) > 0;

const bytesOf = async (files: SiteFiles, path: BytePath): Promise<number | undefined> => {
  try {
    return (await files.stat(path))?.sizeBytes;
  } catch (error) {
    // What cannot be reached beside a database cannot be copied with it either.
    if (isUnreadable(error)) return 0;
    throw error;
  }
};

const headerOf = async (files: SiteFiles, path: BytePath, signal?: AbortSignal): Promise<Uint8Array> => {
  try {
    return await files.read(path, 0, sqliteHeaderBytes, signal);
  } catch (error) {
    // Whoever packs it says why.
    if (isUnreadable(error)) return new Uint8Array();
    throw error;
  }
};
