import { contentsText, isRestorable, isUnderWay, type BackupView } from "./backup-view.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showLines, showName, showSeconds } from "../terminal/show-text.ts";

/** Tells how a backup ended, and what that means to a script. */
export const tellBackup = (context: CommandContext, backup: BackupView): ExitCode => {
  print(context, { backup }, () => backupText(backup));
  return exitOf(backup);
};

const exitOf = ({ status }: BackupView): ExitCode => {
  if (status === "Succeeded" || isUnderWay(status)) return exitCodes.done;
  return status === "PartiallySucceeded" ? exitCodes.partly : exitCodes.failed;
};

const backupText = (backup: BackupView): string => {
  const { site, id, status, blobName, sizeBytes, created, finished, log } = backup;
  const seconds = finished === null ? undefined : (Date.parse(finished) - Date.parse(created)) / 1_000;
  const took = seconds === undefined ? "" : ` in ${showSeconds(seconds)}`;
  const contents = contentsText(backup);
  const from = contents === null ? "" : `, from ${contents}`;
  return [
    `Backup ${id} of ${site}: ${status}${took}\n`,
    ...(isRestorable(backup) ? [`  ${showName(blobName)}  ${showBytes(sizeBytes)}${from}\n`] : []),
    ...(log === null || log === "" ? [] : [indented(log)]),
  ].join("");
};

export const indented = (log: string): string => `${showLines(log).trimEnd().replace(/^/gm, "  ")}\n`;
