import { StoreFailure } from "../../domain/store-failure.ts";

/** What every kind of store says of an object, in the same words. */

export const changed = (name: string): StoreFailure =>
  new StoreFailure("SourceChanged", `${name} is no longer what it was a moment ago. Read it anew.`);

export const taken = (name: string): StoreFailure =>
  new StoreFailure("AlreadyExists", `${name} exists and is left as it is. Take another name.`);

export const tooShort = (name: string, size: number | bigint, end: number): StoreFailure =>
  new StoreFailure("OutOfRange", `${name} ends at ${size}, before byte ${end}.`);

/** `store`: a folder, or a container's URL. */
export const notFound = (name: string, store: string): StoreFailure =>
  new StoreFailure("NotFound", `${name} is not in ${store}. List it to see what is.`);
