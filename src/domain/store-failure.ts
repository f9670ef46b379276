/** Why a store refused or could not do something; adapters translate their SDK's errors into these at their border. */
export type StoreFailureKind =
  | "NotFound"
  | "AlreadyExists"
  | "SourceChanged"
  | "BlockMissing"
  | "OutOfRange"
  | "AccessDenied"
  | "Full"
  | "Unavailable"
  | "Invalid";

export interface FullDisk {
  /** One that lies on it. */
  readonly folder: string;
  /** What could not be done: `Writing night.zip to /backups failed (ENOSPC)`. */
  readonly trouble: string;
}

/** `message` names the object and the next move, and never holds a SAS token or key. */
export class StoreFailure extends Error {
  readonly kind: StoreFailureKind;
  /** Of `Full`, where it is a disk of this machine: whoever knows what is needed can say how much is missing. */
  readonly disk: FullDisk | undefined;

  constructor(kind: StoreFailureKind, message: string, options?: { cause?: unknown; disk?: FullDisk | undefined }) {
    super(message, options);
    this.name = "StoreFailure";
    this.kind = kind;
    this.disk = options?.disk;
  }
}

export const isStoreFailure = (error: unknown, ...kinds: StoreFailureKind[]): error is StoreFailure =>
  error instanceof StoreFailure && (kinds.length === 0 || kinds.includes(error.kind));
