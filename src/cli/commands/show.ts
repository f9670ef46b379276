import { indented } from "../backups/backup-outcome.ts";
import { contentsText, type BackupView } from "../backups/backup-view.ts";
import { findBackup } from "../backups/choose-backup.ts";
import type { RunCommand } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showName, showTime } from "../terminal/show-text.ts";
import { findSite } from "../sites/site-reference.ts";

export const run: RunCommand = async (context, given) => {
  const site = await findSite(context.service(), given.need("SITE"));
  const backup = await findBackup(context, site, given.need("BACKUP"));
  print(context, { backup }, () => details(backup));
  return exitCodes.done;
};

const details = (backup: BackupView): string => {
  const lines = rowsOf(backup).flatMap(([title, value]) =>
    value === null ? [] : [`${title.padEnd(9)} ${showName(value)}\n`],
  );
  const log = backup.log === null || backup.log === "" ? "" : `log\n${indented(backup.log)}`;
  return lines.join("") + log;
};

type Row = readonly [string, string | null];

const rowsOf = (backup: BackupView): readonly Row[] => [
  ["site", backup.site],
  ["number", String(backup.id)],
  ...(backup.unreadable ? [] : knownRows(backup)),
];

const knownRows = (backup: BackupView): readonly Row[] => [
  ["name", backup.name],
  ["status", backup.status],
  ["created", showTime(backup.created)],
  ["finished", backup.finished && showTime(backup.finished)],
  ["archive", `${showName(backup.blobName)}, ${showBytes(backup.sizeBytes)}`],
  ["holds", contentsText(backup)],
  ["databases", backup.databases.length === 0 ? null : backup.databases.map(({ name }) => name).join(", ")],
  ["made by", backup.scheduled ? "the schedule" : "a person"],
  ["expires", backup.expires && showTime(backup.expires)],
  ["restored", backup.lastRestored && showTime(backup.lastRestored)],
  ["damaged", backup.damaged && `found so at ${showTime(backup.damaged)}`],
];
