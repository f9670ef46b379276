import * as z from "zod";
import { alarmKinds, type Alarm } from "../../domain/alarm.ts";
import type { Catalog, Row, RowChange } from "../../ports/catalog.ts";
import { endedBackup, endedRestore } from "./ended-forms.ts";
import { alarmKey, alarmPrefix, behind, watchPartition } from "./keys.ts";
import { siteId } from "./site-id.ts";

const alarm: z.ZodType<Alarm> = z.object({
  id: z.string(),
  kind: z.enum(alarmKinds),
  time: z.string(),
  site: siteId.exactOptional(),
  backup: endedBackup.exactOptional(),
  restore: endedRestore.exactOptional(),
  title: z.string(),
  text: z.string(),
});

/** An alarm on its way to one channel. */
export const letter = z.object({ alarm, channel: z.string(), attempt: z.number(), first: z.string() });
export type Letter = z.infer<typeof letter>;
export interface WaitingLetter extends Letter {
  readonly key: string;
  readonly version: string;
}

/** Sent not before `at`. The same alarm for the same channel is one letter. */
export const postLetter = (posted: Letter, at: Date): RowChange => ({
  kind: "put",
  key: alarmKey(at.toISOString(), `${posted.alarm.id}!${posted.channel}`),
  value: { ...posted },
});

/** Undefined: it cannot be understood. */
const letterOf = ({ key, value, version }: Row): WaitingLetter | undefined => {
  const read = letter.safeParse(value);
  return read.success ? { ...read.data, key, version } : undefined;
};

const lettersOf = (rows: readonly Row[]): readonly WaitingLetter[] => rows.flatMap((row) => letterOf(row) ?? []);

export const takeLetter = ({ key, version }: WaitingLetter): RowChange => ({ kind: "remove", key, version });

/** Those that somebody should have taken by now: due, or tried in vain and waiting for the next try. */
export const readWaitingLetters = async (
  catalog: Catalog,
  now: Date,
  limit: number,
): Promise<readonly WaitingLetter[]> => {
  const rows = await catalog.list(watchPartition, { prefix: alarmPrefix, limit });
  return lettersOf(rows).filter(({ key, attempt }) => attempt > 0 || key < `${alarmPrefix}${now.toISOString()}`);
};

/** Those that nobody would take before `from`. */
export const readLettersFrom = async (catalog: Catalog, from: Date, limit: number): Promise<readonly WaitingLetter[]> =>
  lettersOf(
    await catalog.list(watchPartition, { prefix: alarmPrefix, from: `${alarmPrefix}${from.toISOString()}`, limit }),
  );

interface DueLetters {
  readonly letters: readonly WaitingLetter[];
  /** Rows among them that cannot be understood. */
  readonly unreadable: readonly Row[];
}

/** The first so many that are due, whatever else lies before them. */
export const readLetters = async (catalog: Catalog, now: Date, limit: number): Promise<DueLetters> => {
  const letters: WaitingLetter[] = [];
  const unreadable: Row[] = [];
  for (let from: string = alarmPrefix; ;) {
    const before = `${alarmPrefix}${now.toISOString()}`;
    const rows = await catalog.list(watchPartition, { prefix: alarmPrefix, from, before, limit });
    letters.push(...lettersOf(rows));
    unreadable.push(...rows.filter((row) => letterOf(row) === undefined));
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit || letters.length >= limit) return { letters, unreadable };
    from = behind(last.key);
  }
};

/** When a letter was to be sent, by its key. */
export const timeOfLetter = ({ key }: Pick<Row, "key">): string => key.slice(alarmPrefix.length).split("!")[0] ?? "";
