import { isSound, type Backup } from "./backup.ts";
import { showBytes } from "./show-bytes.ts";

/** Of so little nobody is told: a site that is being built loses half of it in an afternoon. */
const least = { files: 100, bytes: 100_000_000 };

/**
 * For people: that there is less than half as many files, or bytes, as in the newest good backup before. Emptied caches and
 * logs that went stay below that as a rule; a lost folder of uploads, or an old copy of the site in its place, does not.
 * A filter with more lines or less is reason enough.
 */
export const shrunkSite = (
  today: { readonly files: number; readonly bytes: number; readonly filterLines: number },
  before: readonly Backup[],
): string | undefined => {
  const last = before.findLast(isSound);
  if (last?.filterLines !== today.filterLines) return undefined;
  const { id, created, files = 0, siteBytes: bytes = 0 } = last;
  const isHalved = (had: number, has: number, from: number): boolean => had >= from && has * 2 < had;
  return isHalved(files, today.files, least.files) || isHalved(bytes, today.bytes, least.bytes)
    ? `This backup has ${today.files} files of ${showBytes(today.bytes)} in all, less than half of what backup ${id} of ${created} holds: ${files} files of ${showBytes(bytes)}.`
    : undefined;
};
