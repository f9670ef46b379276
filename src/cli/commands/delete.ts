import { isUnderWay, type BackupView } from "../backups/backup-view.ts";
import { findBackup, listBackups } from "../backups/choose-backup.ts";
import type { CommandContext, RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { confirm } from "../terminal/confirm.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showLines, showName, showTime } from "../terminal/show-text.ts";
import { findSite, type SiteReference } from "../sites/site-reference.ts";
import { watch } from "../backups/watch.ts";

export const run: RunCommand = async (context, given) => {
  const service = context.service();
  const text = given.need("BACKUP");
  // What is newest may be another one by the time it is deleted.
  if (!/^\d+$/.test(text))
    throw new CommandFailure(
      exitCodes.usage,
      "NumberNeeded",
      `Name the backup to delete by its number, not "${text}".`,
    );
  const site = await findSite(service, given.need("SITE"));
  const backup = await findBackup(context, site, text);
  const running = backup.status === "InProgress" || backup.status === "Created";
  await confirm(context, {
    question: `${describe(backup)}\nThis ${running ? "cancels it" : "removes it from its container"} for ever.`,
    word: `${site.label} ${backup.id}`,
    yes: given.flag("yes"),
  });
  await service.remove(`${site.path}/backups/${backup.id}`);
  const left = given.flag("detach") ? undefined : await gone(context, site, backup.id);
  print(
    context,
    { deleted: { site: site.label, backup: backup.id, status: left?.status ?? "Deleted", log: left?.log ?? null } },
    () =>
      left === undefined
        ? `Backup ${backup.id} of ${site.label} is deleted.\n`
        : `Backup ${backup.id} of ${site.label}: ${left.status}\n${showLines(left.log ?? "")}\n`,
  );
  return left === undefined ? exitCodes.done : exitCodes.failed;
};

const describe = ({ site, id, name, status, created, sizeBytes }: BackupView): string =>
  `Backup ${id} of ${site}: ${showName(name)}, ${status}, ${showTime(created)}, ${showBytes(sizeBytes)}.`;

/** Undefined when it is gone; the backup when it could not be deleted. */
const gone = (context: CommandContext, site: SiteReference, id: number): Promise<BackupView | undefined> =>
  watch(context, {
    title: `Deleting backup ${id} of ${site.label}`,
    comeBack: `\`lifeboat list ${site.label}\` shows whether it is gone.`,
    poll: async () => {
      const backup = (await listBackups(context, site)).find((one) => one.id === id);
      if (backup !== undefined && isUnderWay(backup.status))
        return { news: { phase: "Deleting", percent: 0, bytes: 0, totalBytes: 0, secondsLeft: null } };
      return { result: backup };
    },
  });
