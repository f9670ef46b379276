import { isStoreFailure } from "../../domain/store-failure.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";

/** The archive that entries were to be copied from is gone, another one, or too damaged: pack everything from the site. */
export class SourceLost extends Error {
  constructor(name: string, why: string, options?: { readonly cause: unknown }) {
    super(`${name} ${why}, so nothing is copied from it. Pack from the site instead.`, options);
    this.name = "SourceLost";
  }
}

/** A failure that means the source is not what it was; any other error as it is. */
export const asSourceLost = (name: string, error: unknown): unknown => {
  if (isStoreFailure(error, "NotFound", "SourceChanged", "OutOfRange"))
    return new SourceLost(name, "vanished or changed meanwhile", { cause: error });
  if (error instanceof ArchiveInvalid) return new SourceLost(name, "is damaged", { cause: error });
  return error;
};
