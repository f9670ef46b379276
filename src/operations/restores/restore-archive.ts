import { ArchiveInvalid } from "../../archive/archive-invalid.ts";
import { findEntry, hasBelow } from "../../archive/directory/browse.ts";
import { objectSource } from "../../archive/read/byte-source.ts";
import { claimsToBeOurs } from "../../archive/read/check-canonical.ts";
import { commitIdInComment } from "../../archive/directory/commit-id.ts";
import { filesPrefix } from "../../archive/listing/entry-row.ts";
import { openArchive, type Archive } from "../../archive/read/open-archive.ts";
import { outsideLinks } from "../../archive/restore/outside-links.ts";
import { smallEntry } from "../../archive/read/small-entry.ts";
import { mayBeChosen, type RestoreScope } from "../../archive/restore/restore-scope.ts";
import { manifestName, type Backup } from "../../domain/backup.ts";
import { pathFromText, pathText, type BytePath } from "../../domain/byte-path.ts";
import { refuse, type Refusal } from "../../domain/errors.ts";
import { filterPath, parseFilter, type Filter } from "../../domain/filter.ts";
import { ManifestInvalid, type Manifest } from "../../domain/manifest.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import type { ReadManifest } from "../../manifest/read-manifest.ts";
import type { Destination } from "../../ports/destination.ts";
import type { LocalRoot } from "../../ports/site-files.ts";
import { openContainer } from "../containers/credentials.ts";
import { storedManifest } from "../containers/stored-manifest.ts";
import type { Installation } from "../installation.ts";
import { readBackup } from "../rows/backup-rows.ts";
import type { RestoreRequest } from "../rows/operation-rows.ts";

type ArchiveRequest = Pick<RestoreRequest, "destination" | "blob" | "backup" | "backupSite">;

/** An archive that may be restored: what it is has been proven as far as anyone knows what it should be. */
export interface RestoreArchive {
  readonly archive: Archive;
  /** The catalog knows it: Lifeboat wrote it, and nothing in it has changed since. */
  readonly isKnown: boolean;
  readonly backup?: Backup;
  readonly manifest?: Manifest;
  /** What the backup left out on purpose. */
  readonly filter: Filter;
  readonly leftOut: RestoreScope["leftOut"];
  /** Lines for the log. */
  readonly notes: readonly string[];
}

/** Opens the archive a restore names and refuses (ArchiveAltered, ArchiveUnreadable) what is not what was backed up. */
export const openRestoreArchive = async (
  deps: Installation,
  request: ArchiveRequest,
  signal?: AbortSignal,
): Promise<RestoreArchive> => {
  try {
    const destination = await openContainer(deps, request.destination);
    const object = await destination.head(request.blob);
    if (object === undefined) throw unreadable(request, `It is not in ${request.destination}.`);
    const archive = await openArchive(objectSource(destination, object), signal === undefined ? {} : { signal });
    const backup = await knownBackup(deps, request);
    const { manifest, notes } = await usableManifest(destination, request, backup !== undefined);
    return await judged({ request, archive, backup, manifest, notes, signal });
  } catch (error) {
    throw restoreRefusal(error, request) ?? error;
  }
};

const knownBackup = async (deps: Installation, { backup, backupSite }: ArchiveRequest): Promise<Backup | undefined> =>
  backup === undefined || backupSite === undefined
    ? undefined
    : (await readBackup(deps.catalog, backupSite, backup))?.backup;

type FoundManifest = ReadManifest | undefined;

const manifestOf = async (destination: Destination, { blob }: ArchiveRequest): Promise<FoundManifest> => {
  const object = await destination.head(manifestName(blob.replace(/\.zip$/i, "")));
  return object && storedManifest(destination, object);
};

/** The catalog vouches for its archives: one of them can be restored though its manifest is damaged. */
const usableManifest = async (
  destination: Destination,
  request: ArchiveRequest,
  isKnown: boolean,
): Promise<{ readonly manifest: FoundManifest; readonly notes: readonly string[] }> => {
  try {
    return { manifest: await manifestOf(destination, request), notes: [] };
  } catch (error) {
    if (!isKnown || !(error instanceof ManifestInvalid)) throw error;
    return { manifest: undefined, notes: [`Its manifest was not used: ${error.message}`] };
  }
};

interface Found {
  readonly notes: readonly string[];
  readonly request: ArchiveRequest;
  readonly archive: Archive;
  readonly backup: Backup | undefined;
  readonly manifest: FoundManifest;
  readonly signal: AbortSignal | undefined;
}

/** What the catalog says counts most, then the manifest beside the archive, then what the archive says of itself. */
const judged = async (found: Found): Promise<RestoreArchive> => {
  const { request, archive, backup, signal } = found;
  const manifest = found.manifest?.isOurs === true ? found.manifest.manifest : undefined;
  const isOurs = manifest !== undefined || claimsToBeOurs(archive);
  const expected = [
    backup?.commitId,
    manifest?.archive.commitId,
    isOurs ? commitIdInComment(archive.extent.comment) : undefined,
  ];
  if (expected.some((commitId) => commitId !== undefined && commitId !== archive.commitId))
    throw altered(request, "Its directory is not the one that was written.");
  if (backup !== undefined && backup.commitId === undefined)
    throw unreadable(request, "The catalog does not tell what it should be.");
  if (!isOurs && !hasBelow(archive.directory, filesPrefix))
    throw unreadable(request, "It holds no site: nothing lies below fs/ in it.");
  const notes = [
    ...found.notes,
    ...(manifest === undefined && isOurs ? ["Its manifest is missing: what the backup left out is not known."] : []),
    ...(isOurs ? [] : ["Another program wrote this archive: its contents are checked by CRC-32 only."]),
  ];
  return {
    archive,
    isKnown: backup !== undefined,
    ...(backup === undefined ? {} : { backup }),
    ...(manifest === undefined ? {} : { manifest }),
    filter: manifest === undefined ? await archivedFilter(archive, signal) : filterOf(manifest),
    leftOut: leftOutOf({ archive, manifest, backup, isOurs }),
    notes,
  };
};

const filterOf = ({ filter }: Manifest): Filter => parseFilter(filter.map((line) => line.text).join("\n"));

const maxFilterBytes = 2 ** 20;

const filterPlace = ({ directory }: Archive): number | undefined => {
  // The cast is safe: two byte paths joined.
  const place = findEntry(directory, `${filesPrefix}${filterPath}` as BytePath);
  return place !== undefined && directory.at(place).kind === "file" ? place : undefined;
};

/** Without a manifest, the filter as it lies in the archive: App Service has it so. */
const archivedFilter = async (archive: Archive, signal: AbortSignal | undefined): Promise<Filter> => {
  const place = filterPlace(archive);
  if (place === undefined) return parseFilter("");
  const content = await smallEntry(archive, place, { most: maxFilterBytes, signal });
  return parseFilter(new TextDecoder().decode(content));
};

interface Telling {
  readonly archive: Archive;
  readonly manifest: Manifest | undefined;
  readonly backup: Backup | undefined;
  readonly isOurs: boolean;
}

/** Undefined: something was left out that nobody can name any more, also by a filter that kept itself out. */
const leftOutOf = ({ archive, manifest, backup, isOurs }: Telling): RestoreScope["leftOut"] => {
  if (manifest !== undefined) {
    const { count, listed } = manifest.leftOut;
    return count === listed.length ? new Set(listed.map(({ path }) => path)) : undefined;
  }
  if (backup !== undefined) {
    const isFilterKnown = backup.filterLines === 0 || filterPlace(archive) !== undefined;
    return backup.leftOut === 0 && isFilterKnown ? new Set() : undefined;
  }
  return isOurs ? undefined : new Set();
};

/** What of a site a restore of this archive may touch. */
export const restoreScope = (
  { filter, leftOut }: RestoreArchive,
  paths: readonly string[],
  roots: readonly LocalRoot[] | undefined,
): RestoreScope => {
  const chosen = paths.map((path) => pathFromText(path.replace(/^\/+|\/+$/g, "")));
  const isAll = chosen.some((path) => path === "");
  return { paths: isAll ? [] : chosen, filter, leftOut, roots: roots?.map(({ at }) => at) ?? [pathFromText("")] };
};

/** Links that lead out of the site are believed only in archives that this installation wrote itself. */
export const refuseOutsideLinks = async (
  deps: Pick<Installation, "threads">,
  { archive, isKnown }: RestoreArchive,
  {
    request,
    scope,
    signal,
  }: {
    readonly request: Pick<RestoreRequest, "blob" | "allowOutsideLinks">;
    readonly scope: RestoreScope;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> => {
  if (isKnown || request.allowOutsideLinks) return;
  const options = { runner: deps.threads, signal, wants: (path: BytePath) => mayBeChosen(scope, path) };
  const found = await outsideLinks(archive, scope, options);
  const [first] = found;
  if (first === undefined) return;
  const link = `${pathText(first.path)} -> ${pathText(first.target)}`;
  const more = found.length > 1 ? ` and ${found.length - 1} more` : "";
  throw unreadable(
    request,
    `Links in it lead out of the site (${link}${more}), and the catalog does not know it. Allow them (allowOutsideLinks, --allow-outside-links) if you trust it.`,
  );
};

const altered = ({ blob }: { readonly blob: string }, reason: string, cause?: unknown): Refusal =>
  refuse("ArchiveAltered", { blob, reason }, { cause });
const unreadable = ({ blob }: { readonly blob: string }, reason: string, cause?: unknown): Refusal =>
  refuse("ArchiveUnreadable", { blob, reason }, { cause });

/** What a person can do something about, as a refusal. */
const restoreRefusal = (error: unknown, request: Pick<ArchiveRequest, "blob" | "destination">) => {
  if (error instanceof ArchiveInvalid) return unreadable(request, error.message, error);
  if (error instanceof ManifestInvalid)
    return error.code === "Altered" || error.code === "BadValue"
      ? altered(request, error.message, error)
      : unreadable(request, error.message, error);
  if (isStoreFailure(error, "NotFound", "SourceChanged", "OutOfRange"))
    return altered(request, "It changed while it was read.", error);
  if (isStoreFailure(error, "AccessDenied", "Invalid"))
    return refuse("DestinationUnavailable", { url: request.destination, reason: error.message }, { cause: error });
  return undefined;
};
