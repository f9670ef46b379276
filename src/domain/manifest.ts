import type { BytePath } from "./byte-path.ts";
import type { FilterLine } from "./filter.ts";
import type { LeftOut } from "./listing.ts";
import type { SiteId } from "./site.ts";

/** What `NAME.xml` says of the zip beside it (docs/format.md, docs/manifest.xsd). Written last: no manifest, no backup. */
export interface Manifest {
  /** The version of Lifeboat that wrote it. */
  readonly version: string;
  readonly site: SiteId;
  readonly backup: {
    readonly id: number;
    /** As the caller wished it. */
    readonly name: string;
    readonly run: string;
    readonly scheduled: boolean;
    /** ISO 8601 with milliseconds and `Z`. Files are as they were between these two. */
    readonly started: string;
    readonly finished: string;
  };
  readonly archive: {
    /** The zip's name in its container when it was written; a copy may have another. */
    readonly name: string;
    readonly sizeBytes: number;
    /** What the zip is, whatever its name. */
    readonly commitId: string;
  };
  readonly contents: {
    readonly files: number;
    readonly folders: number;
    readonly links: number;
    /** Before packing; dumps and the configuration are not counted here. */
    readonly contentBytes: number;
    /** As they lie in the zip, headers not counted. */
    readonly storedBytes: number;
    /** Files that changed while they were read. */
    readonly changedWhileRead: number;
  };
  /** The filter's lines in force; none when everything belongs to the backup. */
  readonly filter: readonly FilterLine[];
  readonly leftOut: {
    readonly count: number;
    /** The first of them, up to `mostListed`; all stand in `NAME.log`. */
    readonly listed: readonly LeftOut[];
  };
  readonly databases: readonly ManifestDatabase[];
  /** The site's settings and connection strings; absent when they are not in the archive. */
  readonly configuration?: {
    readonly entry: BytePath;
    /** The recovery key that opens the values; absent when only names are in it. */
    readonly recoveryKey?: string;
  };
}

/** One dump, an entry in the root of the zip. */
export interface ManifestDatabase {
  readonly entry: BytePath;
  /** ARM's word: `SqlAzure`, `MySql`, `LocalMySql`, `PostgreSql`. */
  readonly type: string;
  readonly name: string;
  readonly connectionStringName?: string;
  /** What dumped it, as it names itself, and its version: a restore needs the same kind. */
  readonly tool: string;
  readonly toolVersion: string;
  readonly sizeBytes: number;
  /** Content hash, hexadecimal, as in the zip's directory. */
  readonly contentHash: string;
}

/** Of all dumps before packing. */
export const dumpedBytes = (databases: readonly Pick<ManifestDatabase, "sizeBytes">[]): number =>
  databases.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** The filter leaves things out: a restore then leaves alone what the filter names. */
export const isPartial = (manifest: Pick<Manifest, "filter">): boolean => manifest.filter.length > 0;

const mostListed = 10_000;
const mostListedBytes = 2 * 2 ** 20;

/** What of all that was left out a manifest lists: in order, as many as fit. */
export const manifestLeftOut = (all: readonly LeftOut[]): Manifest["leftOut"] => {
  const listed: LeftOut[] = [];
  let bytes = 0;
  for (const one of all) {
    bytes += one.path.length + one.reason.length;
    if (listed.length === mostListed || bytes > mostListedBytes) break;
    listed.push(one);
  }
  return { count: all.length, listed };
};

type ManifestInvalidCode = "TooLarge" | "NotXml" | "NewerFormat" | "Altered" | "BadValue";

/** A manifest that cannot be read, or must not be believed. The message is a sentence with the next move, fit for a log. */
export class ManifestInvalid extends Error {
  readonly code: ManifestInvalidCode;

  constructor(code: ManifestInvalidCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "ManifestInvalid";
    this.code = code;
  }
}
