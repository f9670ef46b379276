import type { SiteWatch } from "../../domain/site-watch.ts";
import type { Installation } from "../installation.ts";
import { readOpenRuns } from "../rows/open-run-rows.ts";
import { readDue, type Due } from "../rows/schedule-rows.ts";
import { readWaitingLetters } from "../rows/letter-rows.ts";
import { readWatches } from "../rows/watch-rows.ts";
import { isReady } from "./health.ts";

/** How the installation stands, in numbers. */
export interface Figures {
  readonly now: Date;
  readonly watches: readonly SiteWatch[];
  readonly openRuns: number;
  /** Planned backups that are due and have not begun, `mostDue` at most. */
  readonly dueRuns: number;
  /** For how long the oldest of them has been due. */
  readonly dueLagSeconds: number;
  readonly alarmsWaiting: number;
  readonly isReady: boolean;
  readonly version: string;
}

const mostLetters = 1_000;
export const mostDue = 1_000;

export const readFigures = async (deps: Pick<Installation, "catalog" | "clock" | "version">): Promise<Figures> => {
  const now = deps.clock.now();
  const [watches, openRuns, due, letters, { problems }] = await Promise.all([
    readWatches(deps.catalog),
    readOpenRuns(deps.catalog),
    readDue(deps.catalog, { until: now, limit: mostDue }),
    readWaitingLetters(deps.catalog, now, mostLetters),
    isReady(deps),
  ]);
  return {
    now,
    watches,
    openRuns: openRuns.length,
    dueRuns: due.length,
    dueLagSeconds: lagOf(due, now),
    alarmsWaiting: letters.length,
    isReady: problems.length === 0,
    version: deps.version,
  };
};

const lagOf = ([oldest]: readonly Due[], now: Date): number =>
  oldest === undefined ? 0 : (now.getTime() - Date.parse(oldest.at)) / 1000;
