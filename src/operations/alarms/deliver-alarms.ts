import type { Row } from "../../ports/catalog.ts";
import { tellOnce } from "../tell-once.ts";
import { messageOf } from "../../domain/errors.ts";
import type { Call } from "../../ports/call.ts";
import { channelsOf, type AlarmDeps } from "./alarm-channels.ts";
import { watchPartition } from "../rows/keys.ts";
import {
  postLetter,
  readLetters,
  readLettersFrom,
  takeLetter,
  timeOfLetter,
  type Letter,
  type WaitingLetter,
} from "../rows/letter-rows.ts";

const mostAtOnce = 64;
/** While one instance sends a letter, no other does. Longer than a sending may take. */
const leaseMs = 120_000;
/** 1, 2, 4 ... minutes, and then every hour. */
const longestPauseMs = 3_600_000;
const pauseMs = (attempt: number): number => Math.min(60_000 * 2 ** (attempt - 1), longestPauseMs);
const givenUpAfterMs = 3 * 86_400_000;

/** Sends what waits. A letter is taken before it is sent and comes back when it was not: sent at least once, rarely twice. */
export const deliverAlarms = (deps: AlarmDeps) => {
  const isNews = tellOnce();
  let looked = Infinity;
  return async (call: Call): Promise<void> => {
    const now = deps.clock.now();
    // The first time, too: the clock may have been put back while nobody looked.
    if (now.getTime() < looked - leaseMs) await bringForward(deps, now);
    looked = now.getTime();
    const { letters, unreadable } = await readLetters(deps.catalog, now, mostAtOnce);
    for (const row of unreadable) await passOver(deps, call, { row, isNews: isNews(row.key) });
    await Promise.all(letters.map((letter) => deliver(deps, call, letter)));
  };
};

/** Letters that a clock which was ahead has put off, to be sent now. */
const bringForward = async ({ catalog }: AlarmDeps, now: Date): Promise<void> => {
  const unbelievable = new Date(now.getTime() + 2 * longestPauseMs);
  for (const waiting of await readLettersFrom(catalog, unbelievable, mostAtOnce)) {
    const { key: _, version: _version, ...letter } = waiting;
    const first = letter.first < now.toISOString() ? letter.first : now.toISOString();
    // Another instance may have been faster.
    await catalog.write(watchPartition, [takeLetter(waiting), postLetter({ ...letter, first }, now)]);
  }
};

/** It waits for a person to see it, as long as any other that nobody takes. */
const passOver = async (
  { catalog, clock }: AlarmDeps,
  { log }: Call,
  { row, isNews }: { readonly row: Row; readonly isNews: boolean },
): Promise<void> => {
  if (isNews) log.error("an alarm cannot be read; it is passed over", { row: row.key });
  if (clock.now().getTime() - Date.parse(timeOfLetter(row)) > givenUpAfterMs)
    await catalog.write(watchPartition, [{ kind: "remove", key: row.key, version: row.version }]);
};

const deliver = async (deps: AlarmDeps, call: Call, waiting: WaitingLetter): Promise<void> => {
  const now = deps.clock.now().getTime();
  const { key: _, version: _version, ...letter } = waiting;
  const taken: Letter = { ...letter, attempt: letter.attempt + 1 };
  const lease = postLetter(taken, new Date(now + leaseMs));
  if (!(await deps.catalog.write(watchPartition, [takeLetter(waiting), lease]))) return;
  const done = { kind: "remove", key: lease.key } as const;
  try {
    await send(deps, call, taken);
    await deps.catalog.write(watchPartition, [done]);
  } catch (error) {
    const about = {
      alarm: letter.alarm.title,
      channel: letter.channel,
      attempt: taken.attempt,
      error: messageOf(error),
    };
    if (now - Date.parse(letter.first) > givenUpAfterMs) {
      call.log.error("an alarm was given up: nobody took it for three days", about);
      await deps.catalog.write(watchPartition, [done]);
      return;
    }
    call.log.warn("an alarm could not be sent; it is tried again", about);
    const again = postLetter(taken, new Date(now + pauseMs(taken.attempt)));
    await deps.catalog.write(watchPartition, again.key === done.key ? [again] : [done, again]);
  }
};

/** A channel that was taken away meanwhile wants no more alarms. */
const send = async (deps: AlarmDeps, call: Call, { alarm, channel }: Letter): Promise<void> => {
  const found = (await channelsOf(deps, alarm.site)).find(({ name }) => name === channel);
  if (found === undefined) call.log.warn("an alarm's channel is gone", { alarm: alarm.title, channel });
  else await deps.notifier.send(await found.open(), alarm);
};
