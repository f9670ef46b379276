import { isUnderWay, type BackupView } from "../backups/backup-view.ts";
import type { CommandContext, Given, RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { confirm } from "../terminal/confirm.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { tellOperation } from "../backups/operation-outcome.ts";
import { print } from "../terminal/print.ts";
import { runningWork } from "../backups/running-work.ts";
import { findSite, type SiteReference } from "../sites/site-reference.ts";
import { cancelOperation, watchOperation } from "../backups/work.ts";

export const run: RunCommand = async (context, given) => {
  const site = await findSite(context.service(), given.need("SITE"));
  const work = await runningWork(context, site, given.text("WHAT"));
  return "backup" in work
    ? cancelBackup(context, given, { site, backup: work.backup })
    : cancelOther(context, given, { site, operation: work.operation });
};

const cancelBackup = async (
  context: CommandContext,
  given: Given,
  { site, backup }: { readonly site: SiteReference; readonly backup: BackupView },
): Promise<ExitCode> => {
  const { id, status } = backup;
  if (!isUnderWay(status))
    throw new CommandFailure(
      exitCodes.refused,
      "NotRunning",
      `Backup ${id} of ${site.label} does not run: it is ${status}. \`lifeboat delete ${site.label} ${id}\` removes it.`,
    );
  await confirm(context, {
    question: `This ends backup ${id} of ${site.label}.`,
    word: site.label,
    yes: given.flag("yes"),
  });
  await context.service().remove(`${site.path}/backups/${id}`);
  print(
    context,
    { cancelled: { site: site.label, backup: id } },
    () => `Backup ${id} of ${site.label} is cancelled.\n`,
  );
  return exitCodes.done;
};

const cancelOther = async (
  context: CommandContext,
  given: Given,
  { site, operation }: { readonly site: SiteReference; readonly operation: string },
): Promise<ExitCode> => {
  const service = context.service();
  const kind = (await service.get(`${site.path}/operations/${operation}`)).object("properties").text("kind");
  const what = `the ${kind} of ${site.label}`;
  const then = kind === "verify" ? "" : " The site is left, or made again, as it was before.";
  await confirm(context, { question: `This ends ${what}.${then}`, word: site.label, yes: given.flag("yes") });
  await cancelOperation(service, site, operation);
  if (given.flag("detach")) {
    print(
      context,
      { cancelled: { site: site.label, operation, kind } },
      () => `Told ${what} to end. \`lifeboat watch ${site.label} ${operation}\` shows when it has.\n`,
    );
    return exitCodes.done;
  }
  const ended = await watchOperation(context, site, { operation, title: `Cancelling ${what}` });
  tellOperation(context, { site: site.label, title: `The ${kind} of ${site.label}`, ended });
  return ended.half ? exitCodes.failed : exitCodes.done;
};
