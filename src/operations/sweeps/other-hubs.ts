import type { Installation } from "../installation.ts";
import { readHubBeats, writeHubBeat } from "../rows/hub-rows.ts";
import { deadAfterMs, standingStill } from "./standing-still.ts";

/**
 * Processes that share a catalog may each have a store of workflows of their own (`npm start` on two machines): what runs
 * in one is unknown to the others' stores, and yet not theirs to start. Each look says that this one lives, and answers
 * which others may have to be believed dead.
 */
export const otherHubs = ({ catalog, clock, hub: own }: Pick<Installation, "catalog" | "clock" | "hub">) => {
  const look = standingStill(clock);
  return async (
    named: Iterable<string | undefined>,
  ): Promise<{ readonly hasRun: (hub: string | undefined) => boolean }> => {
    if (own === undefined) return { hasRun: () => false };
    await writeHubBeat(catalog, own, { beat: clock.now().getTime() });
    const beats = await readHubBeats(catalog);
    const others = [...named].filter((hub) => hub !== undefined).filter((hub) => hub !== own);
    const stillMs = look(new Map(others.map((hub) => [hub, `${beats.get(hub)}`])));
    return { hasRun: (hub) => hub !== undefined && hub !== own && (stillMs.get(hub) ?? 0) < deadAfterMs };
  };
};
