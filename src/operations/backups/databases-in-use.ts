import { forEachBounded } from "../../archive/bounded.ts";
import type { ListingColumns } from "../../archive/listing/listing-columns.ts";
import { isUnreadable } from "../../archive/listing/read-carefully.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";
import { logOf, mayBeSqlite, sharedMemoryOf, sqliteHeaderBytes, sqliteKind } from "../../domain/sqlite-file.ts";
import type { SiteFiles } from "../../ports/site-files.ts";

const headersAtOnce = 16;

/** SQLite databases among the files that may be written while they are read, by their paths. */
export const databasesInUse = async (
  files: SiteFiles,
  listing: ListingColumns,
  signal?: AbortSignal,
): Promise<readonly BytePath[]> => {
  if (files.databasePages === undefined) return [];
  const candidates: ListedEntry[] = [];
  for (let place = 0; place < listing.length; place++) {
    if (!mayBeSqlite(listing.sizeBytes(place))) continue;
    const entry = listing.at(place);
    if (entry.kind === "file") candidates.push(entry);
  }
  const used: BytePath[] = [];
  await forEachBounded(candidates.values(), headersAtOnce, async ({ path }) => {
    const kind = sqliteKind(await headerOf(files, path, signal));
    if (kind === "journal" || (kind === "log" && (await mayBeWritten(files, path)))) used.push(path);
  });
  return used.toSorted();
};

/** Asked of the site: a filter may leave out what lies beside a database. Who has it for himself alone needs no `-shm`. */
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
