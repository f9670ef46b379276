import type { SiteId } from "../../domain/site.ts";
import type { Catalog } from "../../ports/catalog.ts";
import { readProgress } from "./backup-rows.ts";
import { sitePartition, stepKey, stepPrefix } from "./keys.ts";
import { removeRows } from "./remove-rows.ts";

/** One attempt of a step that is being executed now. */
export interface StepAttempt {
  readonly site: SiteId;
  readonly run: string;
  readonly attempt: string;
}

interface Beat {
  readonly beat: number;
}

/** Says that the attempt is executed; the number rises as long as its process lives. */
export const writeBeat = async (
  catalog: Catalog,
  { site, run, attempt }: StepAttempt,
  { beat }: Beat,
): Promise<void> => {
  await catalog.writeNews(sitePartition(site), { key: stepKey(run, attempt), value: { beat } });
};

export const endBeats = async (catalog: Catalog, { site, run, attempt }: StepAttempt): Promise<void> => {
  await catalog.write(sitePartition(site), [{ kind: "remove", key: stepKey(run, attempt) }]);
};

/** What moves as long as a run gets on: undefined while none of its steps is executed (it is queued, or between two). */
export const signsOfLife = async (catalog: Catalog, site: SiteId, run: string): Promise<string | undefined> => {
  const rows = await catalog.list(sitePartition(site), { prefix: stepPrefix(run) });
  if (rows.length === 0) return undefined;
  const progress = await readProgress(catalog, site, run);
  return JSON.stringify([progress?.beat, ...rows.map(({ key, value }) => [key, value["beat"]])]);
};

/** What attempts of a process that is gone have left. */
export const forgetBeats = (catalog: Catalog, site: SiteId, run: string): Promise<void> =>
  removeRows(catalog, sitePartition(site), stepPrefix(run));
