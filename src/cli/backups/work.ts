import type { Answer } from "../service/answer.ts";
import { backupView, isUnderWay, type BackupView } from "./backup-view.ts";
import type { CommandContext } from "../command.ts";
import type { ProgressNews } from "../terminal/progress-view.ts";
import type { Service } from "../service/service.ts";
import type { SiteReference } from "../sites/site-reference.ts";
import { watch } from "./watch.ts";

/** Waits for a backup that was begun. */
export const watchBackup = (context: CommandContext, site: SiteReference, id: number): Promise<BackupView> => {
  const service = context.service();
  return watch(context, {
    title: `Backing up ${site.label}`,
    comeBack: `\`lifeboat watch ${site.label} ${id}\` shows it again.`,
    poll: async () => {
      const progress = (await service.get(`${site.path}/backups/${id}/progress`)).object("properties");
      if (isUnderWay(progress.text("status"))) return { news: newsOf(progress) };
      return { result: backupView(site.label, await service.get(`${site.path}/backups/${id}`)) };
    },
    cancel: async () => {
      await service.remove(`${site.path}/backups/${id}`);
      return "ended";
    },
  });
};

/** Asks a restore, an undo or a verify to end; what is under way then goes back first. */
export const cancelOperation = (service: Service, site: SiteReference, operation: string): Promise<Answer> =>
  service.remove(`${site.path}/operations/${operation}`);

/** A restore, an undo or a verify that has ended. */
export interface EndedOperation {
  readonly id: string;
  readonly kind: string;
  readonly status: "Succeeded" | "Failed";
  readonly log: string | null;
  /** When somebody asked for its end. */
  readonly cancelled: string | null;
  /** The site holds a part of what was exchanged. */
  readonly half: boolean;
  readonly properties: Answer;
}

/** Waits for a restore, an undo or a verify. Cancelled, it is watched on: a site is never left half restored. */
export const watchOperation = (
  context: CommandContext,
  site: SiteReference,
  { operation, title }: { readonly operation: string; readonly title: string },
): Promise<EndedOperation> => {
  const service = context.service();
  return watch(context, {
    title,
    comeBack: `\`lifeboat watch ${site.label} ${operation}\` shows it again.`,
    poll: async () => {
      const properties = (await service.get(`${site.path}/operations/${operation}`)).object("properties");
      const status = properties.text("status");
      if (status === "InProgress") return { news: newsOf(properties.optional("progress")) };
      const log = properties.textOr("log", null);
      const ended = status === "Succeeded" ? ("Succeeded" as const) : ("Failed" as const);
      const cancelled = properties.textOr("cancelled", null);
      const half = properties.flag("half");
      return {
        result: { id: operation, kind: properties.text("kind"), status: ended, log, cancelled, half, properties },
      };
    },
    cancel: async () => {
      await cancelOperation(service, site, operation);
      return "ending";
    },
  });
};

const newsOf = (progress: Answer | undefined): ProgressNews => ({
  phase: progress?.textOr("phase", null) ?? null,
  percent: progress?.numberOr("percent", 0) ?? 0,
  bytes: progress?.numberOr("bytes", 0) ?? 0,
  totalBytes: progress?.numberOr("totalBytes", 0) ?? 0,
  secondsLeft: progress?.numberOr("secondsLeft", null) ?? null,
});
