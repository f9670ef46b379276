import { backupView, isRestorable, type BackupView } from "./backup-view.ts";
import type { CommandContext } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { showTable } from "../terminal/show-table.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showTime } from "../terminal/show-text.ts";
import type { SiteReference } from "../sites/site-reference.ts";

/** Oldest first. */
export const listBackups = async (context: CommandContext, site: SiteReference): Promise<readonly BackupView[]> =>
  (await context.service().all(`${site.path}/backups`)).map((item) => backupView(site.label, item));

/** A backup by its number, its name, or the word `latest` for the newest that can be restored. */
export const findBackup = async (context: CommandContext, site: SiteReference, text: string): Promise<BackupView> =>
  named(site, await listBackups(context, site), text);

/**
 * What is restored: as `findBackup`, but `latest` is no backup that was found damaged, nor of an emptied site, while there
 * is another. Where none was named, the person is asked. Nobody is guessed for.
 */
export const chooseBackup = async (
  context: CommandContext,
  site: SiteReference,
  text: string | undefined,
): Promise<BackupView> => {
  const backups = await listBackups(context, site);
  const chosen = await choice(context, site, { backups, text });
  noteFlaws(context, backups, chosen);
  return chosen;
};

const newestSound = (backups: readonly BackupView[]): BackupView | undefined =>
  backups.findLast((backup) => isRestorable(backup) && backup.damaged === null && !backup.emptied);

const choice = async (
  context: CommandContext,
  site: SiteReference,
  { backups, text }: { readonly backups: readonly BackupView[]; readonly text: string | undefined },
): Promise<BackupView> => {
  if (text?.toLowerCase() === "latest") return newestSound(backups) ?? named(site, backups, text);
  if (text !== undefined) return named(site, backups, text);
  const restorable = backups.filter(isRestorable);
  const [only] = restorable;
  if (only === undefined) throw none(site);
  if (restorable.length === 1) return only;
  if (!context.terminal.canAsk)
    throw new CommandFailure(
      exitCodes.usage,
      "BackupNotNamed",
      `${site.label} has ${restorable.length} backups that can be restored. Name one by its number, or write latest.`,
    );
  return asked(context, site, restorable);
};

const named = (site: SiteReference, backups: readonly BackupView[], text: string): BackupView => {
  if (text.toLowerCase() === "latest") {
    const newest = backups.findLast(isRestorable);
    if (newest === undefined) throw none(site);
    return newest;
  }
  const found = /^\d+$/.test(text)
    ? backups.filter(({ id }) => id === Number(text))
    : backups.filter(({ name, blobName }) => name === text || blobName === text || blobName === `${text}.zip`);
  const [only] = found;
  if (only === undefined)
    throw new CommandFailure(
      exitCodes.notFound,
      "BackupNotFound",
      `${site.label} has no backup ${text}. \`lifeboat list ${site.label}\` tells which it has.`,
    );
  if (found.length > 1)
    throw new CommandFailure(
      exitCodes.usage,
      "BackupAmbiguous",
      `${site.label} has ${found.length} backups called ${text}: ${found.map(({ id }) => id).join(", ")}. Name one by its number.`,
    );
  return only;
};

const noteFlaws = ({ terminal }: CommandContext, backups: readonly BackupView[], chosen: BackupView): void => {
  const newer = backups.findLast((backup) => isRestorable(backup) || backup.unreadable);
  const flaw = flawOf(chosen);
  const passedOver = newer === undefined || newer.id <= chosen.id ? undefined : flawOf(newer);
  if (flaw !== undefined) terminal.err(`${flaw}. \`lifeboat show\` tells more.\n`);
  else if (passedOver !== undefined)
    terminal.err(`${passedOver}: backup ${chosen.id}, of ${showTime(chosen.created)}, is taken.\n`);
};

const flawOf = ({ id, damaged, emptied, unreadable }: BackupView): string | undefined => {
  if (unreadable) return `What the catalog holds of backup ${id} cannot be read`;
  if (damaged !== null) return `Backup ${id} was found damaged at ${showTime(damaged)}`;
  return emptied ? `Backup ${id} holds no file of site/wwwroot` : undefined;
};

const none = (site: SiteReference): CommandFailure =>
  new CommandFailure(exitCodes.notFound, "NoBackup", `${site.label} has no backup that can be restored.`);

const mostOffered = 10;

const asked = async (
  { terminal }: CommandContext,
  site: SiteReference,
  restorable: readonly BackupView[],
): Promise<BackupView> => {
  const offered = restorable.slice(-mostOffered);
  const newest = newestSound(offered) ?? offered.at(-1);
  const columns = [
    { title: "NUMBER", right: true },
    { title: "CREATED" },
    { title: "SIZE", right: true },
    { title: "NAME" },
    { title: "" },
  ];
  const rows = offered.map(({ id, created, sizeBytes, name, damaged, emptied }) => [
    String(id),
    showTime(created),
    showBytes(sizeBytes),
    name,
    damaged !== null ? "found damaged" : emptied ? "nothing in site/wwwroot" : "",
  ]);
  terminal.err(showTable(columns, rows));
  const typed = await terminal.ask(`Which backup of ${site.label}? [${newest?.id ?? ""}] `);
  if (typed === undefined) throw new CommandFailure(exitCodes.usage, "BackupNotNamed", "Nothing was done.");
  return named(site, restorable, typed.trim() === "" ? String(newest?.id) : typed.trim());
};
