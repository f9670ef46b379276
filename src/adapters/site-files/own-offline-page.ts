import { lstatSync, readFileSync } from "node:fs";
import { offlinePageName, offlinePageRun } from "../../domain/own-names.ts";

const longestPage = 4_096;

/** Whether a run placed what lies at `file` (latin1). What cannot be read is not known to be ours: it is the user's. */
export const isOwnOfflinePage = (file: string): boolean => {
  if (!file.endsWith(`/${offlinePageName}`)) return false;
  const bytes = Buffer.from(file, "latin1");
  const found = lstatSync(bytes, { throwIfNoEntry: false });
  if (found?.isFile() !== true || found.size > longestPage) return false;
  try {
    return offlinePageRun(readFileSync(bytes, "utf8")) !== undefined;
  } catch {
    return false;
  }
};
