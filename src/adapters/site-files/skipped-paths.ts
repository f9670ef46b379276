import { lstatSync, readFileSync } from "node:fs";
import { type BytePath, pathFromText } from "../../domain/byte-path.ts";
import { isOwnPath, offlinePageName, offlinePageRun } from "../../domain/own-names.ts";

const offlinePagePath = pathFromText(`site/wwwroot/${offlinePageName}`);
const offlinePageLimit = 4_096;

const isOwnOfflinePage = (file: string): boolean => {
  const bytes = Buffer.from(file, "latin1");
  const stat = lstatSync(bytes, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > offlinePageLimit) return false;
  try {
    return offlinePageRun(readFileSync(bytes, "utf8")) !== undefined;
  } catch {
    // Unreadable, so not known to be ours: listed, and named in the log when it cannot be read.
    return false;
  }
};

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
