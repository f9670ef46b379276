import { type BytePath, pathFromText } from "../../domain/byte-path.ts";
import { isOwnPath, offlinePageName } from "../../domain/own-names.ts";
import { isOwnOfflinePage } from "./own-offline-page.ts";

const offlinePagePath = pathFromText(`site/wwwroot/${offlinePageName}`);

/**
 * Tells of paths in one directory of a site which are not the site's own: Lifeboat's files, and what another directory
 * of the site stands in front of. `file` is where it lies.
 */
export const skipperOf =
  ({ at }: { readonly at: BytePath }, others: readonly BytePath[]) =>
  (path: BytePath, file: string): boolean => {
    if (isOwnPath(path, at)) return true;
    if (path === offlinePagePath) return isOwnOfflinePage(file);
    return others.includes(path);
  };
