/** What to do about a row of a site that cannot be understood: as a rule another version wrote it. */
export const unreadableAdvice =
  "Start the version of Lifeboat that wrote it, or put the last good copy of the catalog back (docs/operating.md).";
