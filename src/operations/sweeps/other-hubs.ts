import type { Installation } from "../installation.ts";
import { readHubBeats, writeHubBeat } from "../rows/hub-rows.ts";

/** A process that said nothing for so long of the observer's own uptime is gone. */
const deadAfterMs = 15 * 60_000;
/** A machine that slept proves nothing. */
const longestLookMs = 60_000;

interface Still {
  readonly beat: number | undefined;
  readonly ms: number;
}

/**
 * Processes that share a catalog may each have a store of workflows of their own (`npm start` on two machines): what runs
 * in one is unknown to the others' stores, and yet not theirs to start. Each look says that this one lives, and answers
 * which others may have to be believed dead.
 */
export const otherHubs = ({ catalog, clock, hub: own }: Pick<Installation, "catalog" | "clock" | "hub">) => {
  const stills = new Map<string, Still>();
  let last: number | undefined;
  return async (
    named: Iterable<string | undefined>,
  ): Promise<{ readonly hasRun: (hub: string | undefined) => boolean }> => {
    if (own === undefined) return { hasRun: () => false };
    const now = clock.now().getTime();
    const passed = last === undefined ? 0 : Math.min(Math.max(now - last, 0), longestLookMs);
    last = now;
    await writeHubBeat(catalog, own, { beat: now });
    const beats = await readHubBeats(catalog);
    for (const hub of new Set(named)) {
      if (hub === undefined || hub === own) continue;
      const beat = beats.get(hub);
      const before = stills.get(hub);
      stills.set(hub, { beat, ms: before !== undefined && before.beat === beat ? before.ms + passed : 0 });
    }
    return { hasRun: (hub) => hub !== undefined && hub !== own && (stills.get(hub)?.ms ?? 0) < deadAfterMs };
  };
};
