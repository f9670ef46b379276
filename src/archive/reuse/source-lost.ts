import { isStoreFailure } from "../../domain/store-failure.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";

/** The archive that entries were to be copied from is gone, another one, or too damaged: pack everything from the site. */
export class SourceLost extends Error {
  /** A sentence. */
  readonly what: string;
  /** What is there under its name is not what was written, or not all of it. */
  readonly isDamage: boolean;

  constructor(name: string, why: string, options?: { readonly cause?: unknown; readonly isDamage?: boolean }) {
    super(`${name} ${why}, so nothing is copied from it. Pack from the site instead.`, options);
    this.name = "SourceLost";
    this.what = `${name} ${why}.`;
    this.isDamage = options?.isDamage ?? false;
  }
}

/** A failure that means the source is not what it was; any other error as it is. */
export const asSourceLost = (name: string, error: unknown): unknown => {
  if (isStoreFailure(error, "NotFound", "SourceChanged", "OutOfRange"))
    return new SourceLost(name, "vanished or changed meanwhile", { cause: error });
  if (error instanceof ArchiveInvalid) return new SourceLost(name, "is damaged", { cause: error, isDamage: true });
  return error;
};
