import * as z from "zod";
import type { Installation } from "../installation.ts";
import type { Call } from "../../ports/call.ts";
import { clockKey, roundsPartition } from "./keys.ts";
import { readNote, readNoteOfTimer } from "./note-rows.ts";

type Needs = Pick<Installation, "catalog" | "clock">;

const hourMs = 3_600_000;
/** The sweep tells the time several times a minute: more than this between two of them is a downtime, or a clock that was set. */
const longestGapMs = 25 * hourMs;
/** Instances' clocks differ by less. */
const backMs = hourMs;
/** So long a clock has to go evenly before anything is deleted for its age. */
const steadyMs = 24 * hourMs;

const seen = z.object({ last: z.iso.datetime(), since: z.iso.datetime().exactOptional() });
const noteOfClock = { partition: roundsPartition, key: clockKey, form: seen };

/** Notes what the clock says, and since when it has gone evenly. */
export const noteTime = async (deps: Needs, call: Pick<Call, "log">): Promise<void> => {
  const now = deps.clock.now();
  const { value: before, isUnreadable } = await readNoteOfTimer(deps.catalog, call, noteOfClock);
  const passed = before === undefined ? 0 : now.getTime() - Date.parse(before.last);
  // What cannot be read may have told of a clock that was set.
  const since = isEven(passed) && !isUnreadable ? before?.since : now.toISOString();
  const value = { last: now.toISOString(), ...(since === undefined ? {} : { since }) };
  await deps.catalog.writeNews(roundsPartition, { key: clockKey, value });
};

const isEven = (passedMs: number): boolean => passedMs <= longestGapMs && passedMs >= -backMs;

/**
 * Whether the clock may be believed when it says that something is old. A clock that was put ahead by a year would else
 * delete a year of backups; after a long downtime it costs a day's patience.
 */
export const isSteady = async (deps: Needs): Promise<boolean> => {
  const now = deps.clock.now().getTime();
  const { value, isUnreadable } = await readNote(deps.catalog, noteOfClock);
  if (isUnreadable) return false;
  const { last, since } = value ?? {};
  // Whoever asks may be the first who sees that the clock was set.
  if (last !== undefined && !isEven(now - Date.parse(last))) return false;
  return since === undefined || Math.abs(now - Date.parse(since)) >= steadyMs;
};
