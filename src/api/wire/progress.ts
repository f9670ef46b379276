import { isRestorable, type Backup } from "../../domain/backup.ts";
import type { Progress } from "../../operations/rows/backup-rows.ts";

/** Own extension: what a run is doing, how far it is, and when it may be done. */
export const progressReply = (backup: Ended, progress: Progress | undefined) => ({
  properties: {
    status: backup.status,
    ...progressProperties(backup.started, progress),
    ...(isRestorable(backup.status) ? whole(backup) : {}),
  },
});

type Ended = Pick<Backup, "status" | "started" | "files" | "siteBytes" | "databaseBytes">;

/** News of a run goes with it; what it made is all there. */
const whole = ({ files = 0, siteBytes = 0, databaseBytes = 0 }: Ended) => {
  const bytes = siteBytes + databaseBytes;
  return { phase: null, percent: 100, files, totalFiles: files, bytes, totalBytes: bytes, secondsLeft: null };
};

export const progressProperties = (started: string | undefined, progress: Progress | undefined) => {
  const done =
    progress === undefined || progress.totalBytes === 0 ? 0 : Math.min(1, progress.bytes / progress.totalBytes);
  const elapsed =
    progress === undefined || started === undefined ? 0 : Date.parse(progress.updated) - Date.parse(started);
  return {
    phase: progress?.phase ?? null,
    percent: Math.floor(done * 100),
    files: progress?.files ?? 0,
    totalFiles: progress?.totalFiles ?? 0,
    bytes: progress?.bytes ?? 0,
    totalBytes: progress === undefined || progress.totalBytes === 0 ? 0 : Math.max(progress.totalBytes, progress.bytes),
    secondsLeft: done > 0.02 && elapsed > 1_000 ? Math.round((elapsed / done - elapsed) / 1_000) : null,
    updated: progress?.updated ?? null,
  };
};
