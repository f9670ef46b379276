import { statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { CommandFailure } from "../command-failure.ts";
import type { CommandContext, Given, RunCommand } from "../command.ts";
import { confirm } from "../terminal/confirm.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import type { Secret } from "../../domain/secret.ts";
import { showName } from "../terminal/show-text.ts";
import { showTable } from "../terminal/show-table.ts";
import { databasesText, siteDatabases } from "../sites/site-databases.ts";
import { givenAppSettings, givenConnectionStrings, type GivenString } from "../sites/site-settings.ts";
import { findSite, newSitePath, noSites, referenceOf, sitesPath, type SiteReference } from "../sites/site-reference.ts";
import { backupPlan, planText } from "../backups/tell-backup-plan.ts";
import { isWordPress } from "../sites/wordpress.ts";

export const addSite: RunCommand = async (context, given) => {
  const service = context.service();
  const { label, path } = await newSitePath(service, given.need("NAME"));
  const folder = pathOn(context, given.need("FOLDER"));
  const root = rootKind(context, given, folder);
  const directories = Object.fromEntries(given.texts("directory").map((text) => directoryOf(context, text)));
  const strings = await givenConnectionStrings(context, given, folder);
  const appSettings = givenAppSettings(given);
  const properties = {
    [root]: folder,
    ...(given.texts("directory").length === 0 ? {} : { directories }),
    ...(strings.size === 0 ? {} : { connectionStrings: sentStrings(strings) }),
    ...(appSettings === undefined ? {} : { appSettings: sentSettings(appSettings) }),
  };
  await service.put(`${path}/description`, { body: { properties } });
  const site = { label, path, state: undefined };
  const { plan, databases } = await whatItFinds(context, site);
  const unknown = [...strings.keys()].filter((name) => !databases.some((one) => one.connectionStringName === name));
  const all = databases.length === 0 ? "" : " --database all";
  print(context, { site: label, [root]: folder, directories, plan, databases }, () =>
    [
      `The site ${label} is described. A backup of it would hold\n${planText(plan)}${databasesText(databases)}`,
      ...unknown.map(notADatabase),
      ...(databases.length === 0 && isHere(context) && isWordPress(folder) ? [withoutItsDatabase(label)] : []),
      `\`lifeboat backup ${label}${all}\` makes the first one, \`lifeboat schedule ${label} --every 1d${all}\` one a day.\n`,
    ].join(""),
  );
  const isWhole =
    plan.problems.length === 0 &&
    plan.unreadableCount === 0 &&
    unknown.length === 0 &&
    databases.every(({ problem }) => problem === null);
  return isWhole ? exitCodes.done : exitCodes.partly;
};

/** The site is described by now, whatever becomes of this. */
const whatItFinds = async (context: CommandContext, site: SiteReference) => {
  try {
    const plan = await backupPlan(context, site, { elsewhere: false });
    return { plan, databases: await siteDatabases(context, site, { asks: true }) };
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const message = `The site ${site.label} is described. What a backup of it would hold could not be told: ${error.message}`;
    throw new CommandFailure(exitCodes.partly, error.code, message, { cause: error });
  }
};

const notADatabase = (name: string): string =>
  `  connection string ${showName(name)}: leads to no database that is known; where it does, say which in the site's file, or forget the site and add it with its kind (${showName(name)}:mysql=...)\n`;

const withoutItsDatabase = (label: string): string =>
  `  note: it has a wp-config.php, whose database is not in its backups; \`lifeboat site remove ${label}\`, and add it again with --wordpress\n`;

/** What is sent is the one place where they are opened. */
const sentStrings = (strings: ReadonlyMap<string, GivenString>) =>
  Object.fromEntries([...strings].map(([name, { value, type }]) => [name, { value: value.reveal(), type }]));

const sentSettings = (settings: Readonly<Record<string, Secret>>) =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, value.reveal()]));

/** Whether the service is on this machine. */
const isHere = (context: CommandContext): boolean => context.connection().dataFolder !== undefined;

/** A path on the service's machine: only where that is this one a short form of it means anything. */
const pathOn = (context: CommandContext, text: string): string => {
  if (isHere(context)) return resolve(text);
  if (isAbsolute(text)) return text;
  throw new CommandFailure(
    exitCodes.usage,
    "PathNotAbsolute",
    `"${text}": name the whole path on the service's machine.`,
  );
};

const rootKind = (context: CommandContext, given: Given, folder: string): "home" | "wwwroot" => {
  if (given.flag("home") && given.flag("wwwroot"))
    throw new CommandFailure(exitCodes.usage, "RootTwice", "Either --home or --wwwroot, not both.");
  if (given.flag("home")) return "home";
  if (given.flag("wwwroot")) return "wwwroot";
  if (!isHere(context))
    throw new CommandFailure(
      exitCodes.usage,
      "RootNotSaid",
      "The folder is on another machine: say --home when it holds site/wwwroot, else --wwwroot.",
    );
  return isFolder(join(folder, "site", "wwwroot")) ? "home" : "wwwroot";
};

/** What cannot be looked at from here the service refuses, or not. */
const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

const directoryOf = (context: CommandContext, text: string): readonly [string, string] => {
  const [, name, folder] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || folder === undefined)
    throw new CommandFailure(
      exitCodes.usage,
      "DirectoryInvalid",
      `--directory: "${text}" is not NAME=FOLDER, as in uploads=/mnt/uploads.`,
    );
  return [name, pathOn(context, folder)];
};

export const listSites: RunCommand = async (context) => {
  const service = context.service();
  const sites: SiteView[] = [];
  for (const item of await service.all(sitesPath)) sites.push(await siteView(context, referenceOf(item)));
  print(context, { sites }, () =>
    sites.length === 0 ? noSites : showTable([{ title: "SITE" }, { title: "FOLDER" }], sites.flatMap(rowsOf)),
  );
  return exitCodes.done;
};

interface SiteView {
  readonly site: string;
  readonly home: string | null;
  readonly wwwroot: string | null;
  readonly directories: readonly { readonly name: string; readonly folder: string }[];
}

const siteView = async (
  context: CommandContext,
  { label, path }: ReturnType<typeof referenceOf>,
): Promise<SiteView> => {
  const found = (await context.service().get(`${path}/description`)).object("properties");
  const directories = found.object("directories").entries();
  return {
    site: label,
    home: found.textOr("home", null),
    wwwroot: found.textOr("wwwroot", null),
    directories: directories.map(([name, folder]) => ({ name, folder })),
  };
};

const rowsOf = ({ site, home, wwwroot, directories }: SiteView): readonly (readonly string[])[] => [
  [site, home ?? wwwroot ?? "-"],
  ...directories.map(({ name, folder }) => ["", `${folder} (as ${name})`]),
];

export const removeSite: RunCommand = async (context, given) => {
  const service = context.service();
  const { label, path } = await findSite(service, given.need("SITE"));
  await confirm(context, {
    question: `Lifeboat forgets ${label} and its schedule. Its files and its backups stay.`,
    word: label,
    yes: given.flag("yes"),
  });
  await service.remove(`${path}/description`);
  print(context, { removed: label }, () => `${label} is forgotten. Its backups can still be listed and restored.\n`);
  return exitCodes.done;
};
