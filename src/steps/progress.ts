import type { Installation } from "../operations/installation.ts";
import { writeProgress, type Progress } from "../operations/rows/backup-rows.ts";
import { readOperation } from "../operations/rows/operation-rows.ts";
import { readSiteRow } from "../operations/rows/site-row.ts";
import type { RunRef } from "../workflows/contract.ts";
import { isOwner } from "./owns-site.ts";

/** News of one part of a run: told often, written at most once a second. */
export interface ProgressReport {
  set(change: Partial<Omit<Progress, "beat" | "updated">>): void;
  /** The last state is written when this returns. */
  end(): Promise<void>;
  /**
   * Aborted with RunLost as the reason once the run no longer owns its site, with RunCancelled once its operation was
   * cancelled; noticed while news is written.
   */
  readonly signal: AbortSignal;
}

/** Why a step that has lost its site stops in the middle. */
export class RunLost extends Error {
  constructor(run: string) {
    super(`The run ${run} no longer owns its site.`);
    this.name = "RunLost";
  }
}

/** Why a step of a restore that somebody cancelled stops in the middle. */
export class RunCancelled extends Error {
  constructor() {
    super("It was cancelled.");
    this.name = "RunCancelled";
  }
}

/** Why a run should not go on; undefined: it should. */
const whyToStop = async ({ catalog }: Pick<Installation, "catalog">, ref: RunRef): Promise<Error | undefined> => {
  const row = await readSiteRow(catalog, ref.site);
  if (!isOwner(ref, row)) return new RunLost(ref.run);
  const { operation } = row.run;
  const found = operation === undefined ? undefined : await readOperation(catalog, ref.site, operation);
  return found?.operation.cancelled === undefined ? undefined : new RunCancelled();
};

const shortestMs = 1_000;
const nothing: Progress = { phase: "", files: 0, bytes: 0, totalFiles: 0, totalBytes: 0, beat: 0, updated: "" };

/**
 * Starts the news of `part` from nothing: a step that runs again does its work again. A write that fails is no reason to
 * fail a backup: it is only news.
 */
export const reportProgress = (
  deps: Pick<Installation, "catalog" | "clock">,
  ref: RunRef,
  part: string,
): ProgressReport => {
  const stop = new AbortController();
  let now = nothing;
  let lastWrite = 0;
  let writing: Promise<void> = Promise.resolve();

  const tell = async (value: Progress): Promise<void> => {
    await writeProgress(deps.catalog, ref.site, { run: ref.run, part }, value);
    const why = await whyToStop(deps, ref);
    if (why !== undefined) stop.abort(why);
  };
  const write = (): void => {
    const time = deps.clock.now();
    lastWrite = time.getTime();
    const value = { ...now, beat: now.beat + 1, updated: time.toISOString() };
    now = value;
    writing = writing.then(() => tell(value)).catch(() => undefined);
  };

  return {
    signal: stop.signal,
    set(change) {
      const phaseBegins = change.phase !== undefined && change.phase !== now.phase;
      now = { ...now, ...change };
      if (phaseBegins || Math.abs(deps.clock.now().getTime() - lastWrite) >= shortestMs) write();
    },
    async end() {
      write();
      await writing;
    },
  };
};
