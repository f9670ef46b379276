/**
 * A file that was changed more shortly than this before it was read may change again without a new time to show for it.
 * Clocks of file systems tick every two seconds at worst. Memory-mapped files are slower: their time changes with the
 * first write to a page since it was last flushed, and Linux flushes within some 35 seconds.
 */
export const unsettledNs = 60_000_000_000n;
