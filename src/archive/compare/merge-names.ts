import type { DirectoryColumns } from "../directory/directory-columns.ts";
import { filesPrefix } from "../listing/entry-row.ts";
import type { ListingColumns } from "../listing/listing-columns.ts";

/** A name that an archive has, or a site, or both: the places there. */
type NamePair =
  | { readonly archived: number; readonly listed: number | undefined }
  | { readonly archived: undefined; readonly listed: number };

/** Goes through an archive's directory and a site's listing side by side; both must be sorted. */
export function* mergeNames(directory: DirectoryColumns, listing: ListingColumns): Generator<NamePair> {
  let archived = 0;
  let listed = 0;
  while (archived < directory.length || listed < listing.length) {
    const left = archived < directory.length ? directory.name(archived) : undefined;
    const right = listed < listing.length ? `${filesPrefix}${listing.name(listed)}` : undefined;
    if (right === undefined || (left !== undefined && left < right)) yield { archived: archived++, listed: undefined };
    else if (left === right) yield { archived: archived++, listed: listed++ };
    else yield { archived: undefined, listed: listed++ };
  }
}
