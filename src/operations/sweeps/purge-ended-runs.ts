import * as z from "zod";
import type { Call } from "../../ports/call.ts";
import type { Installation } from "../installation.ts";
import { purgeKey, roundsPartition } from "../rows/keys.ts";
import { readNoteOfTimer } from "../rows/note-rows.ts";

const dayMs = 86_400_000;
/** Runs that ended are told for so long, for whoever looks into why. */
const keptMs = 7 * dayMs;
/** Where nothing was ever purged, one looks back so far. */
const firstLookMs = 90 * dayMs;
/** One request to the store takes all runs of so long a time. */
const windowMs = 6 * 3_600_000;
/** So many at a time and no more; the rest comes with the next round. */
const enough = 500;

const progress = z.object({ until: z.iso.datetime() });

/** Forgets finished runs that were started more than a week ago, the oldest first. What stands in the catalog stays. */
export const purgeEndedRuns =
  ({ catalog, clock }: Pick<Installation, "catalog" | "clock">) =>
  async ({ runner, log }: Call): Promise<void> => {
    const now = clock.now().getTime();
    const noted = { partition: roundsPartition, key: purgeKey, form: progress };
    const { value } = await readNoteOfTimer(catalog, { log }, noted);
    const until = value && Date.parse(value.until);
    // One that lies ahead was noted by a clock that was wrong.
    let from = until === undefined || until > now ? now - firstLookMs : until;
    let purged = 0;
    while (purged < enough && from < now - keptMs) {
      const to = Math.min(from + windowMs, now - keptMs);
      purged += await runner.purgeEnded(new Date(from), new Date(to));
      from = to;
    }
    // Afterwards: a window that was asked for twice is empty the second time.
    await catalog.writeNews(roundsPartition, { key: purgeKey, value: { until: new Date(from).toISOString() } });
    if (purged > 0) log.info("finished runs forgotten", { runs: purged });
  };
