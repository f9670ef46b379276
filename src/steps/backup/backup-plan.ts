import type { Shard } from "../../archive/listing/plan.ts";
import type { SealedArchive } from "../../archive/shards/seal.ts";
import type { Backup } from "../../domain/backup.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import type { DatabaseReference } from "../../domain/database.ts";
import type { FilterLine } from "../../domain/filter.ts";
import type { LocalRoot, SiteFiles } from "../../ports/site-files.ts";
import type { ScratchName } from "../../workflows/contract.ts";
import type { DatabaseFile } from "./database-files.ts";
import type { Scratch } from "../scratch.ts";

/** What a backup's steps agree on; lies in scratch. */
export interface BackupPlan {
  /** ISO 8601. */
  readonly planned: string;
  readonly blockBytes: number;
  /** Where the site's files lay when they were listed: there they are read, also when a link turns or the site's file changes. */
  readonly roots?: readonly LocalRoot[];
  /** Entries that are packed or copied or named as left out while packing; the configuration not counted. */
  readonly entries: number;
  /** Files and links among them. */
  readonly files: number;
  readonly sizeBytes: number;
  /** Whether there is any file in site/wwwroot, be it left out by the filter. */
  readonly serves: boolean;
  readonly shards: readonly (Shard & { readonly listing: ScratchName })[];
  /** SQLite databases of the site that are packed from a copy in scratch: DatabaseFile[]. */
  readonly databaseFiles: ScratchName;
  /** Those that are packed as the files they are, since nobody has them open. Absent in a plan that an earlier version made. */
  readonly databasesAtRest?: readonly BytePath[];
  /** What is copied out of the previous archive; empty when everything is packed from the site. */
  readonly copies: readonly ScratchName[];
  readonly previous?: Previous;
  readonly configuration: ScratchName;
  /** The one that opens its values; absent when only names are in it. */
  readonly recoveryKey?: string;
  /** The lines that were in force. */
  readonly filter: readonly FilterLine[];
  /** Left out when the site was listed: LeftOut[]. */
  readonly leftOut: ScratchName;
  /** Of the previous archive. */
  readonly reusedBytes: number;
  /** How many archives in a row were built on the one before. */
  readonly chain: number;
  /** SQLite databases that were packed as the files they are, and may be torn. */
  readonly uncertain: number;
  /** Warnings for the log, in the order in which they came up. */
  readonly notes: readonly string[];
}

/** The files that the plan is of. */
export const plannedFiles = (files: SiteFiles, { roots }: Pick<BackupPlan, "roots">): SiteFiles =>
  (roots && files.at?.(roots)) ?? files;

/** The archive that unchanged entries are copied from. */
interface Previous {
  readonly destination: string;
  readonly object: { readonly name: string; readonly commitId: string; readonly etag: string };
}

// Safe: a run's scratch is written by this version's own steps, and is named by its content's hash.
export const readPlan = async (scratch: Scratch, name: ScratchName): Promise<BackupPlan> =>
  (await scratch.getJson(name)) as BackupPlan;

// Safe: as above.
export const readDatabaseFiles = async (scratch: Scratch, name: ScratchName): Promise<readonly DatabaseFile[]> =>
  (await scratch.getJson(name)) as readonly DatabaseFile[];

/** What was copied by one step; lies in scratch. */
export interface Copied {
  readonly indexes: readonly ScratchName[];
  /** Entries of the previous archive that turned out to be damaged; packed from the site. */
  readonly damaged: readonly BytePath[];
}

// Safe: as above.
export const readCopied = async (scratch: Scratch, name: ScratchName): Promise<Copied> =>
  (await scratch.getJson(name)) as Copied;

/** A database that a backup shall contain, as it was asked; lies in scratch. */
export interface AskedDatabase {
  readonly reference: DatabaseReference;
  /** As its dump is called in the archive. */
  readonly entry: string;
  /** What its data takes on the server. */
  readonly sizeBytes: number;
  readonly tool: string;
  readonly toolVersion: string;
  /** Why it cannot be dumped, where the backup goes on without. */
  readonly problem?: string;
  /** For the log. */
  readonly notes: readonly string[];
}

// Safe: as above.
export const readAsked = async (scratch: Scratch, name: ScratchName): Promise<readonly AskedDatabase[]> =>
  (await scratch.getJson(name)) as readonly AskedDatabase[];

/** What became of one database; lies in scratch. */
export type Dumped =
  /** `lacks`: what is in the archive and less than promised, as sentences. */
  { readonly index: ScratchName; readonly lacks: readonly string[] } | { readonly problem: string };

// Safe: as above.
export const readDumped = async (scratch: Scratch, name: ScratchName): Promise<Dumped> =>
  (await scratch.getJson(name)) as Dumped;

/** What sealing found out; lies in scratch. */
export interface Seal extends Omit<SealedArchive, "blocks"> {
  /** Damaged in the previous archive; packed from the site. */
  readonly damaged: readonly BytePath[];
}

// Safe: as above.
export const readSeal = async (scratch: Scratch, name: ScratchName): Promise<Seal> =>
  (await scratch.getJson(name)) as Seal;

/** What a backup turned out to be; lies in scratch until it is closed. */
export type BackupSummary = Pick<
  Backup,
  | "status"
  | "sizeBytes"
  | "siteBytes"
  | "databaseBytes"
  | "files"
  | "served"
  | "leftOut"
  | "filterLines"
  | "commitId"
  | "reusedBytes"
  | "chain"
  | "databases"
  | "log"
>;

// Safe: as above.
export const readSummary = async (scratch: Scratch, name: ScratchName): Promise<BackupSummary> =>
  (await scratch.getJson(name)) as BackupSummary;
