import * as z from "zod";
import { messageOf } from "../../domain/errors.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import type { Installation } from "../installation.ts";
import { healthPartition, sweepKey } from "../rows/keys.ts";
import { readNote } from "../rows/note-rows.ts";

type HealthDeps = Pick<Installation, "catalog" | "clock">;

const sweepMaxAgeMs = 3 * 60_000;
const sweep = z.object({ at: z.iso.datetime() });

/** The timer that everything hangs on has run. News: only the latest counts. */
export const noteSweep = async ({ catalog, clock }: HealthDeps): Promise<void> => {
  await catalog.writeNews(healthPartition, { key: sweepKey, value: { at: clock.now().toISOString() } });
};

interface Health {
  /** Empty: ready. */
  readonly problems: readonly string[];
  /** When the sweep last ran. */
  readonly swept?: string;
  /** Of the problems. `new`: the sweep has not come round yet, of an installation that was just made. */
  readonly cause?: "new" | "no sweep" | "full" | "store";
}

/** Whether the store takes a write, and whether the sweep ran lately. */
export const isReady = async ({ catalog, clock }: HealthDeps): Promise<Health> => {
  const now = clock.now();
  try {
    await catalog.write(healthPartition, [{ kind: "put", key: "probe", value: { at: now.toISOString() } }]);
    const noted = await readNote(catalog, { partition: healthPartition, key: sweepKey, form: sweep });
    if (noted.isUnreadable)
      return { problems: ["when the sweep last ran cannot be read; its next run notes it anew."], cause: "no sweep" };
    const swept = noted.value?.at;
    if (swept === undefined) return { problems: ["the sweep has not run yet."], cause: "new" };
    const age = now.getTime() - Date.parse(swept);
    if (age <= sweepMaxAgeMs) return { swept, problems: [] };
    return { swept, problems: [`the sweep last ran ${Math.round(age / 60_000)} minutes ago.`], cause: "no sweep" };
  } catch (error) {
    const cause = isStoreFailure(error, "Full") ? "full" : "store";
    return { problems: [`the catalog cannot be written: ${messageOf(error)}`], cause };
  }
};
