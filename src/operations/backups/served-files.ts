import type { ListingColumns } from "../../archive/listing/listing-columns.ts";
import type { Backup } from "../../domain/backup.ts";
import { pathFromText } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";

const servedFolder = pathFromText("site/wwwroot/");

/** A file or link of what is served. */
export const isServed = ({ path, kind }: Pick<ListedEntry, "path" | "kind">): boolean =>
  kind !== "directory" && path.startsWith(servedFolder);

/** Whether a sorted listing holds any. */
export const servesFiles = (listing: ListingColumns): boolean => {
  for (let place = listing.firstAfter(servedFolder); place < listing.length; place++) {
    const name = listing.name(place);
    if (!name.startsWith(servedFolder)) return false;
    if (!name.endsWith("/")) return true;
  }
  return false;
};

/** For people: what is missing, and since which backup. */
export const nothingServed = ({ id, created, files = 0 }: Backup): string =>
  `There is no file in site/wwwroot, though backup ${id} of ${created} holds some (${files} files in all). Is a drive not mounted, or was the site emptied?`;
