import * as z from "zod";
import { alarmId, isFor, type Alarm } from "../../domain/alarm.ts";
import { siteLabel } from "../../domain/site.ts";
import { isInTrouble, type SiteWatch } from "../../domain/site-watch.ts";
import { someOf } from "../../domain/some-of.ts";
import type { Call } from "../../ports/call.ts";
import { channelsOf, type AlarmDeps } from "./alarm-channels.ts";
import { digestKey, watchPartition } from "../rows/keys.ts";
import { readNoteOfTimer } from "../rows/note-rows.ts";
import { postLetter } from "../rows/letter-rows.ts";
import { readWatches } from "../rows/watch-rows.ts";
import { writeRow } from "../rows/write-row.ts";

const mostNamed = 50;
const totals = z.object({ day: z.string(), ended: z.record(z.string(), z.number()) });

/** Posts the digest of the day once its time has come, by whichever instance sees it first. */
export const sendDigest =
  (deps: AlarmDeps) =>
  async (call: Call): Promise<void> => {
    const now = deps.clock.now();
    const { digestMinute } = deps.policy.alarms;
    if (digestMinute === undefined || now.getUTCHours() * 60 + now.getUTCMinutes() < digestMinute) return;
    const day = now.toISOString().slice(0, 10);
    const noted = { partition: watchPartition, key: digestKey, form: totals };
    const { value: before, row, isUnreadable } = await readNoteOfTimer(deps.catalog, call, noted);
    if (before?.day === day) return;

    const watches = await readWatches(deps.catalog);
    const ended = sumOf(watches);
    const value = { day, ended };
    const alarm = digestOf(watches, { now, since: isUnreadable ? undefined : (before?.ended ?? {}), ended });
    const channels = (await channelsOf(deps, undefined)).filter(({ kind }) => isFor(kind, "digest"));
    const isOurs = await deps.catalog.write(watchPartition, [
      writeRow(digestKey, value, row?.version),
      ...channels.map(({ name }) => postLetter({ alarm, channel: name, attempt: 0, first: now.toISOString() }, now)),
    ]);
    if (isOurs) call.log.info("digest posted", { day, sites: watches.length });
  };

const sumOf = (watches: readonly SiteWatch[]): Record<string, number> => {
  const sum: Record<string, number> = {};
  for (const { ended } of watches)
    for (const [status, count] of Object.entries(ended)) sum[status] = (sum[status] ?? 0) + count;
  return sum;
};

interface Totals {
  readonly now: Date;
  /** At the last digest; undefined when that cannot be told any more. */
  readonly since: Readonly<Record<string, number>> | undefined;
  readonly ended: Readonly<Record<string, number>>;
}

const digestOf = (watches: readonly SiteWatch[], { now, since, ended }: Totals): Alarm => {
  const troubled = watches.filter(isInTrouble);
  const bare = watches.filter((watch) => !isInTrouble(watch) && watch.newestGood === undefined);
  return {
    id: alarmId("digest", undefined, now.toISOString().slice(0, 10)),
    kind: "digest",
    time: now.toISOString(),
    title: titleOf(watches.length, { troubled: troubled.length, bare: bare.length }),
    text: [
      `Backups since the last digest: ${countsOf(ended, since)}.`,
      ...troubled.slice(0, mostNamed).map(lineOf),
      ...(troubled.length > mostNamed ? [`... and ${troubled.length - mostNamed} more.`] : []),
      ...(bare.length === 0
        ? []
        : [
            `Without any good backup: ${someOf(
              bare.map(({ site }) => siteLabel(site)),
              mostNamed,
            )}.`,
          ]),
    ].join("\n"),
  };
};

const countsOf = (ended: Totals["ended"], since: Totals["since"]): string => {
  if (since === undefined) return "unknown, for what was noted of it cannot be read";
  const counts = Object.entries(ended)
    .map(([status, count]) => ({ status, count: Math.max(0, count - (since[status] ?? 0)) }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${status} ${count}`);
  return counts.length === 0 ? "none" : counts.join(", ");
};

/** Sites that were never backed up are in no trouble, and have nothing to go back to either. */
const titleOf = (sites: number, { troubled, bare }: { readonly troubled: number; readonly bare: number }): string => {
  if (troubled > 0) return `${troubled} of ${sites} sites need a look`;
  return bare > 0
    ? `${sites - bare} of ${sites} sites have good backups, the others none`
    : `all ${sites} sites have good backups`;
};

const lineOf = ({ site, condition, since, newestGood }: SiteWatch): string =>
  `${siteLabel(site)}: ${condition} since ${since}; newest good backup ${newestGood ?? "none"}`;
