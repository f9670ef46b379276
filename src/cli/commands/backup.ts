import { tellBackup } from "../backups/backup-outcome.ts";
import { backupView } from "../backups/backup-view.ts";
import type { CommandContext, Given, RunCommand } from "../command.ts";
import { containerUrl } from "../files/container-url.ts";
import { expiryOf } from "../line/durations.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { siteDatabases, tellForgottenDatabases, wantedDatabases } from "../sites/site-databases.ts";
import { findSite } from "../sites/site-reference.ts";
import { tellBackupPlan } from "../backups/tell-backup-plan.ts";
import { watchBackup } from "../backups/work.ts";

export const run: RunCommand = async (context, given) => {
  const service = context.service();
  const request = await requestOf(context, given);
  const site = await findSite(service, given.need("SITE"));
  const databases = await wantedDatabases(context, site, given.texts("database"));
  if (given.flag("dryRun")) {
    const elsewhere = request.storageAccountUrl !== undefined;
    return tellBackupPlan(context, site, { databases, elsewhere });
  }
  // Asked beforehand: once the backup is begun, nothing but it may fail.
  const known = databases.length > 0 ? [] : await siteDatabases(context, site, { asks: false });
  const body = { properties: { ...request, ...(databases.length === 0 ? {} : { databases }) } };
  const begun = await service.post(`${site.path}/backup`, { body });
  const { id, blobName, databases: held } = backupView(site.label, begun);
  if (held.length === 0) tellForgottenDatabases(context, known, `lifeboat backup ${site.label}`);
  if (!given.flag("detach")) return tellBackup(context, await watchBackup(context, site, id));
  print(
    context,
    { backup: backupView(site.label, begun) },
    () =>
      `Backup ${id} of ${site.label} is begun: ${blobName}\n\`lifeboat watch ${site.label} ${id}\` shows how far it is.\n`,
  );
  return exitCodes.done;
};

const requestOf = async (context: CommandContext, given: Given) => {
  const backupName = given.text("name");
  const storageAccountUrl = await containerUrl(context, { url: given.text("to"), file: given.text("toFile") });
  const expires = given.text("expires");
  return {
    ...(backupName === undefined ? {} : { backupName }),
    ...(storageAccountUrl === undefined ? {} : { storageAccountUrl: storageAccountUrl.reveal() }),
    ...(expires === undefined ? {} : { expires: expiryOf(expires, context.now()) }),
    ...(given.flag("withoutBrokenDatabases") ? { continueOnDatabaseError: true } : {}),
  };
};
