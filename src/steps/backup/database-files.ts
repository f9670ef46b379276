import { leftOutLine, type SiteListing } from "../../archive/listing/list-site.ts";
import { ListingColumns } from "../../archive/listing/listing-columns.ts";
import { isUnreadable } from "../../archive/listing/read-carefully.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";
import { besideSqlite } from "../../domain/sqlite-file.ts";
import { databasesInUse } from "../../operations/backups/databases-in-use.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import type { ScratchName } from "../../workflows/contract.ts";
import type { Scratch } from "../scratch.ts";

/** A SQLite database of the site as it was at one commit; its bytes lie in scratch. */
export interface DatabaseFile {
  readonly path: BytePath;
  readonly sizeBytes: number;
  /** Nanoseconds. */
  readonly mtime: string;
  /** In order; each but the last is `pieceBytes` long. */
  readonly pieces: readonly ScratchName[];
  readonly pieceBytes: number;
}

/** What was found, with the databases and what lay beside them taken out of the listing. */
export interface FoundDatabases {
  readonly found: SiteListing;
  readonly databases: readonly DatabaseFile[];
  /** As they are to be packed: nothing but their content proves them unchanged. */
  readonly entries: readonly ListedEntry[];
  /** Of those that may be torn: they were packed as the files they are. */
  readonly uncertain: readonly string[];
  /** Packed as the files they are, since nobody has them open; torn if somebody writes to them until then. */
  readonly atRest: readonly BytePath[];
}

interface Site {
  readonly files: SiteFiles;
  readonly found: SiteListing;
  readonly scratch: Scratch;
  readonly signal: AbortSignal;
  /** Throws when scratch has no room for so many bytes. */
  readonly checkRoom?: (sizeBytes: number) => Promise<void>;
}

/**
 * Copies the site's SQLite databases into scratch, each as of one commit. One that nobody had open in WAL mode for a while
 * is an ordinary file; one whose pages cannot be had is packed as it lies there, and named.
 */
export const copyDatabaseFiles = async (site: Site): Promise<FoundDatabases> => {
  const { used: paths, atRest } = await databasesInUse(site.files, site.found.listing, site.signal);
  const none = { found: site.found, databases: [], entries: [], uncertain: [], atRest };
  if (paths.length === 0) return none;
  await site.checkRoom?.(paths.reduce((sum, path) => sum + sizeOf(site.found.listing, path), 0));
  const copied: { readonly file: DatabaseFile; readonly entry: ListedEntry }[] = [];
  const uncertain: string[] = [];
  for (const path of paths) {
    const one = await copyDatabase(site, path);
    if (typeof one === "string") uncertain.push(one);
    else if (one !== undefined) copied.push(one);
  }
  if (copied.length === 0) return { ...none, uncertain };
  return {
    found: without(
      site.found,
      copied.map(({ entry }) => entry),
    ),
    databases: copied.map(({ file }) => file),
    entries: copied.map(({ entry }) => entry),
    uncertain,
    atRest,
  };
};

const sizeOf = (listing: ListingColumns, path: BytePath): number => {
  const place = listing.find(path);
  return place < 0 ? 0 : listing.sizeBytes(place);
};

const pieceBytes = 8 * 2 ** 20;

/** Who writes to one while it is read at rest has it open at one of the next times, or is done with it. */
const attempts = 30;

/** Or a line for the log; undefined when it has vanished. */
const copyDatabase = async (site: Site, path: BytePath) => {
  for (let attempt = 1; ; attempt++)
    try {
      return await copyOnce(site, path);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      if (error.passes && attempt < attempts) continue;
      const reason = `Warning: it is a SQLite database that could not be read as of one moment: ${error.message} It was copied as the file it is.`;
      return leftOutLine({ path, reason });
    }
};

const copyOnce = async ({ files, scratch, signal }: Site, path: BytePath) => {
  const before = await files.stat(path);
  if (before?.kind !== "file") return undefined;
  const { ctimeNs: _, inode: __, ...rest } = before;
  let sizeBytes = 0;
  const pieces: ScratchName[] = [];
  for await (const piece of evenPieces(files.databasePages?.(path, signal) ?? [])) {
    pieces.push(await scratch.put(piece));
    sizeBytes += piece.length;
  }
  const entry: ListedEntry = { ...rest, sizeBytes };
  return { entry, file: { path, sizeBytes, mtime: String(entry.mtimeNs), pieces, pieceBytes } };
};

async function* evenPieces(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let open: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of source) {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + pieceBytes - size);
      open.push(part);
      at += part.length;
      size += part.length;
      if (size < pieceBytes) continue;
      yield Buffer.concat(open);
      open = [];
      size = 0;
    }
  }
  if (size > 0) yield Buffer.concat(open);
}

const without = (found: SiteListing, databases: readonly ListedEntry[]): SiteListing => {
  const gone = new Set<string>(databases.flatMap(({ path }) => [path, ...besideSqlite(path)]));
  const listing = new ListingColumns();
  let { files, sizeBytes } = found;
  for (let place = 0; place < found.listing.length; place++) {
    const entry = found.listing.at(place);
    const isGone = entry.kind === "file" && gone.has(entry.path);
    if (!isGone) listing.append(entry);
    else {
      files--;
      sizeBytes -= entry.sizeBytes;
    }
  }
  listing.sort();
  return { ...found, listing, files, sizeBytes };
};

/** The site with its databases as they were copied. */
export const withDatabaseFiles = (
  files: SiteFiles,
  databases: readonly DatabaseFile[],
  scratch: Scratch,
): SiteFiles => {
  if (databases.length === 0) return files;
  const copies = new Map(databases.map((one) => [one.path, one]));
  return {
    provesUnchanged: files.provesUnchanged,
    ...(files.localRoots !== undefined && { localRoots: files.localRoots }),
    list: (signal) => files.list(signal),
    now: () => files.now(),
    async read(path, offset, length, signal) {
      const copy = copies.get(path);
      return copy === undefined
        ? files.read(path, offset, length, signal)
        : readPieces(scratch, copy, { offset, length });
    },
    async stat(path) {
      const entry = await files.stat(path);
      const copy = copies.get(path);
      if (copy === undefined || entry?.kind !== "file") return entry;
      const { ctimeNs: _, inode: __, ...rest } = entry;
      return { ...rest, sizeBytes: copy.sizeBytes, mtimeNs: BigInt(copy.mtime) };
    },
  };
};

const readPieces = async (
  scratch: Scratch,
  { pieces, pieceBytes: each, sizeBytes }: DatabaseFile,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<Uint8Array> => {
  const end = Math.min(sizeBytes, offset + length);
  const parts: Uint8Array[] = [];
  for (let at = offset; at < end;) {
    const name = pieces[Math.floor(at / each)];
    if (name === undefined) break;
    const from = at % each;
    const part = (await scratch.get(name)).subarray(from, Math.min(each, from + end - at));
    parts.push(part);
    at += part.length;
  }
  return Buffer.concat(parts);
};
