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

/** `message` names the object and the next move, and never holds a SAS token or key. */
export class StoreFailure extends Error {
  readonly kind: StoreFailureKind;

  constructor(kind: StoreFailureKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StoreFailure";
    this.kind = kind;
  }
}

export const isStoreFailure = (error: unknown, ...kinds: StoreFailureKind[]): error is StoreFailure =>
  error instanceof StoreFailure && (kinds.length === 0 || kinds.includes(error.kind));
