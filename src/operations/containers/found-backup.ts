import { ArchiveInvalid } from "../../archive/archive-invalid.ts";
import { objectSource } from "../../archive/read/byte-source.ts";
import { openArchive } from "../../archive/read/open-archive.ts";
import { manifestName, zipName } from "../../domain/backup.ts";
import { ManifestInvalid, type Manifest } from "../../domain/manifest.ts";
import type { SiteId } from "../../domain/site.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import type { Destination, StoredObject } from "../../ports/destination.ts";
import { dumpsIn, type FoundDatabase } from "../databases/dumps-in.ts";
import { storedManifest } from "./stored-manifest.ts";

/** A zip and the XML file of the same name; one of the two may be missing. */
export interface Pair {
  readonly base: string;
  readonly zip?: StoredObject;
  readonly manifest?: StoredObject;
}

/** What a container holds under one name. */
export interface FoundBackup {
  /** The zip's name, which a restore takes. */
  readonly blobName: string;
  /** `foreign`: zip and XML of another program, as App Service writes them. `unknown`: nothing says what it is. */
  readonly kind: "lifeboat" | "foreign" | "unknown";
  /** Absent: as far as was looked, a restore may begin. Else why not, and what to do. */
  readonly problem?: string;
  readonly sizeBytes: number;
  readonly modified: Date;
  /** What Lifeboat wrote of it. */
  readonly manifest?: Manifest;
  readonly databases: readonly FoundDatabase[];
  /** The site whose backup this is, when this installation wrote it. */
  readonly owner?: SiteId;
}

/** Reads the manifest. Undefined for an XML file that has nothing to do with backups. */
export const describePair = async (destination: Destination, pair: Pair): Promise<FoundBackup | undefined> => {
  const { base, zip, manifest: xml } = pair;
  const common = {
    blobName: zipName(base),
    sizeBytes: zip?.sizeBytes ?? 0,
    modified: (zip ?? xml)?.modified ?? new Date(0),
    databases: [],
  };
  const isOurZip = zip?.metadata["commitid"] !== undefined;
  if (xml === undefined) {
    if (isOurZip) return { ...common, kind: "lifeboat", problem: unfinished(`${manifestName(base)} is missing`) };
    return { ...common, kind: "unknown", problem: `${manifestName(base)} is missing: copy it beside the zip.` };
  }
  const read = await manifestOf(destination, xml);
  if (read.kind === "lifeboat") {
    const problem = problemOf(read.manifest, pair);
    const databases = read.manifest.databases.map(databaseOf);
    return { ...common, kind: "lifeboat", databases, manifest: read.manifest, ...(problem ? { problem } : {}) };
  }
  if (zip === undefined) return undefined;
  if (read.kind === "unreadable") return { ...common, kind: isOurZip ? "lifeboat" : "unknown", problem: read.problem };
  // Somebody else's XML stands where the manifest of a zip of ours belongs.
  if (isOurZip) return { ...common, kind: "lifeboat", problem: unfinished(`${xml.name} is not its manifest`) };
  return { ...common, kind: "foreign" };
};

const unfinished = (what: string): string =>
  `${what}: the backup was interrupted, or its manifest was not copied along. Take another backup.`;

type Described =
  | { readonly kind: "lifeboat"; readonly manifest: Manifest }
  | { readonly kind: "foreign" }
  | { readonly kind: "unreadable"; readonly problem: string };

const manifestOf = async (destination: Destination, xml: StoredObject): Promise<Described> => {
  try {
    const read = await storedManifest(destination, xml);
    return read.isOurs ? { kind: "lifeboat", manifest: read.manifest } : { kind: "foreign" };
  } catch (error) {
    const isSeen = error instanceof ManifestInvalid || isStoreFailure(error, "NotFound", "SourceChanged", "OutOfRange");
    if (!isSeen) throw error;
    return { kind: "unreadable", problem: error.message };
  }
};

/** What can be told without opening the zip. A copy made by other tools has no metadata, but the same length. */
const problemOf = ({ archive }: Manifest, { base, zip }: Pair): string | undefined => {
  if (zip === undefined) return `${zipName(base)} is missing: copy it beside the manifest.`;
  const commitId = zip.metadata["commitid"];
  if (zip.sizeBytes !== archive.sizeBytes)
    return `${zip.name} has ${zip.sizeBytes} bytes and was written with ${archive.sizeBytes}. Copy it again, or take another backup.`;
  return commitId !== undefined && commitId !== archive.commitId ? otherArchive(zip.name) : undefined;
};

const otherArchive = (name: string): string =>
  `${name} is not the archive that its manifest describes. Take another backup.`;

const databaseOf = ({ type, name, connectionStringName }: Manifest["databases"][number]): FoundDatabase => ({
  type,
  name,
  ...(connectionStringName === undefined ? {} : { connectionStringName }),
});

/** Opens the zip too: whether it is the one its manifest describes, and which databases a foreign one holds. */
export const openPair = async (destination: Destination, pair: Pair, found: FoundBackup): Promise<FoundBackup> => {
  if (pair.zip === undefined || found.problem !== undefined) return found;
  try {
    const archive = await openArchive(objectSource(destination, pair.zip));
    if (found.manifest === undefined) return { ...found, databases: await dumpsIn(archive) };
    if (archive.commitId === found.manifest.archive.commitId) return found;
    return { ...found, problem: otherArchive(pair.zip.name) };
  } catch (error) {
    if (!(error instanceof ArchiveInvalid)) throw error;
    return { ...found, problem: `${pair.zip.name} cannot be read: ${error.message}` };
  }
};
