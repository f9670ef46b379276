import type { Answer } from "../answer.ts";
import type { CommandContext, Given, RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { containerUrl } from "../container-url.ts";
import { hoursIn } from "../durations.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../print.ts";
import { showName, showTime } from "../show-text.ts";
import { wantedDatabases } from "../site-databases.ts";
import { findSite, type SiteReference } from "../site-reference.ts";

export const run: RunCommand = async (context, given) => {
  const service = context.service();
  const site = await findSite(service, given.need("SITE"));
  const path = `${site.path}/config/backup`;
  if (given.flag("remove")) {
    await service.remove(path);
    print(context, { schedule: null }, () => `${site.label} has no schedule any more.\n`);
    return exitCodes.done;
  }
  const changes = await changesOf(context, given, site);
  const before = await configured(context, path);
  const answer =
    changes === undefined ? before : await service.put(path, { body: { properties: merged(before, changes) } });
  const view = answer === undefined ? null : scheduleView(site, answer);
  print(context, { schedule: view }, () =>
    view === null
      ? `${site.label} has no schedule. \`lifeboat schedule ${site.label} --every 1d --keep 30d\` makes one.\n`
      : textOf(view),
  );
  return exitCodes.done;
};

const configured = async (context: CommandContext, path: string): Promise<Answer | undefined> => {
  try {
    return await context.service().get(path);
  } catch (error) {
    if (error instanceof CommandFailure && error.code === "ConfigurationNotFound") return undefined;
    throw error;
  }
};

interface Changes {
  readonly enabled: boolean;
  readonly storageAccountUrl?: string;
  readonly hours?: number;
  readonly retentionDays?: number;
  readonly startTime?: string;
  readonly databases?: Awaited<ReturnType<typeof wantedDatabases>>;
}

/** Undefined: nothing is to be changed, only shown. */
const changesOf = async (context: CommandContext, given: Given, site: SiteReference): Promise<Changes | undefined> => {
  const every = given.text("every");
  const keep = given.text("keep");
  const start = given.text("start");
  const url = await containerUrl(context, { url: given.text("to"), file: given.text("toFile") });
  const isOff = given.flag("off");
  const names = given.texts("database");
  if (
    every === undefined &&
    keep === undefined &&
    start === undefined &&
    url === undefined &&
    names.length === 0 &&
    !isOff &&
    !given.flag("on")
  )
    return undefined;
  return {
    enabled: !isOff,
    ...(url === undefined ? {} : { storageAccountUrl: url.reveal() }),
    ...(every === undefined ? {} : { hours: hoursIn(every, "--every") }),
    ...(keep === undefined ? {} : { retentionDays: daysOf(keep) }),
    ...(start === undefined ? {} : { startTime: timeOf(start) }),
    ...(names.length === 0 ? {} : { databases: await databasesOf(context, site, names) }),
  };
};

const databasesOf = async (context: CommandContext, site: SiteReference, names: readonly string[]) =>
  names.length === 1 && names[0]?.toLowerCase() === "none" ? [] : wantedDatabases(context, site, names);

const daysOf = (keep: string): number => {
  if (keep === "forever") return 0;
  const hours = hoursIn(keep, "--keep");
  if (hours % 24 !== 0)
    throw new CommandFailure(
      exitCodes.usage,
      "DurationInvalid",
      `--keep: "${keep}" is not whole days such as 30d, nor forever.`,
    );
  return hours / 24;
};

const timeOf = (start: string): string => {
  const time = Date.parse(start);
  if (Number.isNaN(time))
    throw new CommandFailure(
      exitCodes.usage,
      "DateInvalid",
      `--start: "${start}" is no date and time such as 2026-12-01T02:00.`,
    );
  return new Date(time).toISOString();
};

/** What is not said stays as it was. */
const merged = (before: Answer | undefined, changes: Changes) => {
  const old = before?.object("properties").optional("backupSchedule");
  if (old === undefined && changes.hours === undefined)
    throw new CommandFailure(
      exitCodes.usage,
      "NoInterval",
      "There is no schedule yet: say how often by --every, as in --every 1d.",
    );
  const { hours } = changes;
  const interval =
    hours === undefined
      ? { frequencyInterval: old?.number("frequencyInterval"), frequencyUnit: old?.text("frequencyUnit") }
      : hours % 24 === 0
        ? { frequencyInterval: hours / 24, frequencyUnit: "Day" }
        : { frequencyInterval: hours, frequencyUnit: "Hour" };
  const startTime = changes.startTime ?? old?.textOr("startTime", undefined);
  return {
    enabled: changes.enabled,
    ...(changes.storageAccountUrl === undefined ? {} : { storageAccountUrl: changes.storageAccountUrl }),
    ...(changes.databases === undefined ? {} : { databases: changes.databases }),
    backupSchedule: {
      ...interval,
      keepAtLeastOneBackup: old?.flag("keepAtLeastOneBackup") ?? true,
      retentionPeriodInDays: changes.retentionDays ?? old?.number("retentionPeriodInDays") ?? 30,
      ...(startTime === undefined ? {} : { startTime }),
    },
  };
};

const scheduleView = (site: SiteReference, answer: Answer) => {
  const properties = answer.object("properties");
  const schedule = properties.object("backupSchedule");
  return {
    site: site.label,
    enabled: properties.flag("enabled"),
    everyHours: schedule.number("frequencyInterval") * (schedule.text("frequencyUnit") === "Day" ? 24 : 1),
    keepDays: schedule.number("retentionPeriodInDays"),
    keepsAtLeastOne: schedule.flag("keepAtLeastOneBackup"),
    start: schedule.textOr("startTime", null),
    lastRun: schedule.textOr("lastExecutionTime", null),
    databases: properties.has("databases") ? properties.list("databases").map((one) => one.text("name")) : [],
  };
};

const textOf = ({
  site,
  enabled,
  everyHours,
  keepDays,
  keepsAtLeastOne,
  start,
  lastRun,
  databases,
}: ReturnType<typeof scheduleView>): string => {
  const every = everyHours % 24 === 0 ? `${everyHours / 24} d` : `${everyHours} h`;
  const keep = keepDays === 0 ? "for ever" : `${keepDays} d${keepsAtLeastOne ? ", the last good one always" : ""}`;
  return [
    `${site}: ${enabled ? "scheduled" : "switched off"}\n`,
    `  every    ${every}${start === null ? "" : `, from ${showTime(start)} on`}\n`,
    `  keep     ${keep}\n`,
    `  holds    the files${databases.map((name) => `, ${showName(name)}`).join("")}\n`,
    ...(lastRun === null ? [] : [`  last run ${showTime(lastRun)}\n`]),
  ].join("");
};
