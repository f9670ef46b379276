import { chooseBackup } from "../backups/choose-backup.ts";
import type { CommandContext, Given, RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { confirm } from "../terminal/confirm.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { tellBegun, tellOperation } from "../backups/operation-outcome.ts";
import { print } from "../terminal/print.ts";
import { changesText, isCut, restorePlanOf, restorePlanText, type RestorePlanView } from "../backups/restore-plan.ts";
import { restoreSource, type RestoreSource } from "../backups/restore-source.ts";
import { showName } from "../terminal/show-text.ts";
import { findSite } from "../sites/site-reference.ts";
import { unpackTo } from "../backups/unpack-to.ts";
import { watchOperation } from "../backups/work.ts";

export const run: RunCommand = async (context, given) => {
  const to = given.text("to");
  if (to === undefined || !isFolder(to)) return restoreSite(context, given, await restoreSource(context, given));
  const flag = ["dryRun", "detach", "configuration", "databasesOnly", "filesOnly", "overwrite"].find(given.flag);
  const text = ["from", "fromFile", "recoveryKeyFile"].find((name) => given.text(name) !== undefined);
  if (flag !== undefined || text !== undefined || given.texts("database").length > 0)
    throw new CommandFailure(
      exitCodes.usage,
      "NotWithFolder",
      "A restore to a folder only unpacks a backup of a site: besides --path there is nothing to choose.",
    );
  const site = await findSite(context.service(), given.need("SITE"));
  const backup = await chooseBackup(context, site, given.text("BACKUP"));
  return unpackTo(context, site, { backup, folder: to, paths: given.texts("path") });
};

/** A site's name has no dot at its start and no slash but the one before a slot. */
const isFolder = (text: string): boolean => /^(?:[./\\~]|[a-z]:)/i.test(text) && !text.startsWith("/subscriptions/");

const restoreSite = async (context: CommandContext, given: Given, source: RestoreSource): Promise<ExitCode> => {
  const service = context.service();
  const { path } = source;
  const body = { properties: { ...requestOf(given, source), ...databasesOf(given, source) } };
  const all = given.flag("allChanges");
  const answer = await service.post(`${path}/plan`, { body, query: { limit: all ? "50000" : "1000" } });
  const plan = restorePlanOf(answer);
  if (given.flag("dryRun")) return tellDryRun(context, plan);
  if (plan.problems.length > 0)
    throw new CommandFailure(
      exitCodes.refused,
      "RestoreRefused",
      `${restorePlanText(plan)}Nothing was changed.${databaseAdvice(plan)}`,
    );
  const hint = all || !isCut(plan) ? "" : "  --all-changes lists every one\n";
  context.terminal.err(restorePlanText(plan) + changesText(plan, { isWhole: all }) + hint);
  await confirm(context, { question: questionOf(plan), word: plan.site, yes: given.flag("yes") });
  const { operation } = await service.begin(path, { body });
  // Where the operation is polled, also when the restore goes to another site.
  const target = await findSite(service, given.text("to") ?? given.need("SITE"));
  if (given.flag("detach"))
    return tellBegun(context, {
      site: target.label,
      title: `The restore of ${target.label}`,
      id: operation,
      kind: "restore",
    });
  const ended = await watchOperation(context, target, { operation, title: `Restoring ${target.label}` });
  return tellOperation(context, { site: target.label, title: `Restore of ${target.label}`, ended });
};

const tellDryRun = (context: CommandContext, plan: RestorePlanView): ExitCode => {
  print(context, { plan }, () => restorePlanText(plan) + changesText(plan, { isWhole: true }));
  if (plan.problems.length === 0) return exitCodes.done;
  // Behind all the changes, which may fill the screen.
  if (!context.json)
    context.terminal.err(`It would be refused: ${plan.problems.map(showName).join(" ")}${databaseAdvice(plan)}\n`);
  return exitCodes.refused;
};

/** On a new machine nothing says yet where a database goes: the connection strings come back first. */
const databaseAdvice = ({ databases }: RestorePlanView): string =>
  databases.some(({ problem, target }) => problem !== null && target === null)
    ? " --files-only --configuration brings back the files and the connection strings; then --databases-only the databases."
    : "";

const requestOf = (given: Given, { request, isKnownSite }: RestoreSource) => {
  const to = given.text("to");
  const paths = given.texts("path");
  return {
    ...request,
    overwrite: to === undefined ? isKnownSite : given.flag("overwrite"),
    ...(to === undefined ? {} : { siteName: to }),
    ...(paths.length === 0 ? {} : { paths }),
    ...(given.flag("configuration") ? { recoverConfiguration: true } : {}),
    ...(given.flag("quick") ? { quick: true } : {}),
    ...(given.flag("allowOutsideLinks") ? { allowOutsideLinks: true } : {}),
    ...(given.flag("allowUnknownDumps") ? { allowUnknownDumps: true } : {}),
  };
};

/** Files and databases belong together: all of them, unless only a part was asked for. */
const databasesOf = (given: Given, { label, databases }: RestoreSource) => {
  const named = given.texts("database");
  const only = given.flag("databasesOnly");
  if (given.flag("filesOnly") && (only || named.length > 0))
    throw new CommandFailure(exitCodes.usage, "PartsUnclear", "Either --files-only or databases, not both.");
  const wanted = databases.filter(({ name }) => named.some((one) => one.toLowerCase() === name.toLowerCase()));
  if (wanted.length < named.length)
    throw new CommandFailure(
      exitCodes.notFound,
      "DatabaseNotInBackup",
      `${label} holds ${databases.length === 0 ? "no database" : databases.map(({ name }) => name).join(", ")}.`,
    );
  const isPart = given.texts("path").length > 0 || given.flag("filesOnly");
  const chosen = named.length > 0 ? wanted : isPart ? [] : databases;
  if (only && chosen.length === 0)
    throw new CommandFailure(exitCodes.notFound, "DatabaseNotInBackup", `${label} holds no database.`);
  return {
    ...(chosen.length === 0 ? { ignoreDatabases: true } : { databases: chosen }),
    ...(only ? { databasesOnly: true } : {}),
  };
};

const questionOf = ({ site, isNewSite, counts, databases }: RestorePlanView): string => {
  if (isNewSite) return `This makes the site ${site}.`;
  const lost = counts.replace.entries + counts.remove.entries + databases.length;
  return lost === 0
    ? `This changes ${site}; nothing in it is overwritten.`
    : `This overwrites ${site}. What it replaces is kept for a while: \`lifeboat undo ${site}\` takes it back.`;
};
