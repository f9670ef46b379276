import type { SiteId } from "../domain/site.ts";
import type { Installation } from "../operations/installation.ts";
import { readProgress, writeProgress, type Progress } from "../operations/rows/backup-rows.ts";

/** News of a run: told often, written at most once a second. */
export interface ProgressReport {
  set(change: Partial<Omit<Progress, "beat" | "updated">>): void;
  add(files: number, bytes: number): void;
  /** The last state is written when this returns. */
  end(): Promise<void>;
}

const shortestMs = 1_000;

/** Goes on from what earlier steps of the run wrote. A write that fails is no reason to fail a backup: it is only news. */
export const reportProgress = async (
  deps: Pick<Installation, "catalog" | "clock">,
  site: SiteId,
  run: string,
): Promise<ProgressReport> => {
  let now: Progress = (await readProgress(deps.catalog, site, run)) ?? {
    phase: "",
    files: 0,
    bytes: 0,
    totalFiles: 0,
    totalBytes: 0,
    beat: 0,
    updated: "",
  };
  let lastWrite = 0;
  let writing: Promise<void> = Promise.resolve();

  const write = (): void => {
    const time = deps.clock.now();
    lastWrite = time.getTime();
    now = { ...now, beat: now.beat + 1, updated: time.toISOString() };
    const value = now;
    writing = writing.then(() => writeProgress(deps.catalog, site, run, value)).catch(() => undefined);
  };
  const due = (): boolean => deps.clock.now().getTime() - lastWrite >= shortestMs;

  return {
    set(change) {
      const phaseBegins = change.phase !== undefined && change.phase !== now.phase;
      now = { ...now, ...change };
      if (phaseBegins || due()) write();
    },
    add(files, bytes) {
      now = { ...now, files: now.files + files, bytes: now.bytes + bytes };
      if (due()) write();
    },
    async end() {
      write();
      await writing;
    },
  };
};
