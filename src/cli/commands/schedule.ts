import type { Answer } from "../answer.ts";
import type { CommandContext, RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../print.ts";
import { scheduleChanges } from "../schedule-changes.ts";
import { showName, showTime } from "../show-text.ts";
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
  const before = await configured(context, path);
  const changes = await scheduleChanges(context, given, { site, before });
  const answer = changes === undefined ? before : await service.put(path, { body: { properties: changes } });
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

const scheduleView = (site: SiteReference, answer: Answer) => {
  const properties = answer.object("properties");
  const schedule = properties.object("backupSchedule");
  const window = schedule.optional("runWindow");
  return {
    site: site.label,
    state: properties.text("state"),
    isInherited: properties.flag("inherited"),
    everyHours: schedule.number("frequencyInterval") * (schedule.text("frequencyUnit") === "Day" ? 24 : 1),
    start: schedule.textOr("startTime", null),
    timeZone: schedule.textOr("timeZone", null),
    window: window === undefined ? null : { from: window.text("from"), to: window.text("to") },
    keepDays: schedule.number("retentionPeriodInDays"),
    keepDaily: schedule.numberOr("keepDaily", 0),
    keepWeekly: schedule.numberOr("keepWeekly", 0),
    keepMonthly: schedule.numberOr("keepMonthly", 0),
    keepsAtLeastOne: schedule.flag("keepAtLeastOneBackup"),
    databases: properties.has("databases") ? properties.list("databases").map((one) => one.text("name")) : [],
    lastRun: schedule.textOr("lastExecutionTime", null),
    nextRun: schedule.textOr("nextRun", null),
  };
};
type ScheduleView = ReturnType<typeof scheduleView>;

const stateWords: Readonly<Record<string, string>> = {
  On: "scheduled",
  Off: "switched off",
  Failing: "scheduled, and failing time after time",
};

const textOf = (view: ScheduleView): string => {
  const { site, state, isInherited, everyHours, start, timeZone, window, databases, lastRun, nextRun } = view;
  const every = everyHours % 24 === 0 ? `${everyHours / 24} d` : `${everyHours} h`;
  const times = [
    every,
    ...(start === null ? [] : [`from ${showTime(start)} on`]),
    ...(window === null ? [] : [`only ${window.from} to ${window.to}`]),
    ...(timeZone === null ? [] : [`by the clocks of ${showName(timeZone)}`]),
  ];
  return [
    `${site}: ${stateWords[state] ?? state}${isInherited ? ", as the installation says for all sites" : ""}\n`,
    `  every    ${times.join(", ")}\n`,
    `  keep     ${keepText(view)}\n`,
    `  holds    the files${databases.map((name) => `, ${showName(name)}`).join("")}\n`,
    ...(lastRun === null ? [] : [`  last run ${showTime(lastRun)}\n`]),
    ...(nextRun === null ? [] : [`  next run ${showTime(nextRun)}\n`]),
  ].join("");
};

const keepText = ({ keepDays, keepDaily, keepWeekly, keepMonthly, keepsAtLeastOne }: ScheduleView): string =>
  keepDays === 0
    ? "for ever"
    : [
        `${keepDays} d`,
        ...(keepDaily > 0 ? [`one of each of ${keepDaily} days`] : []),
        ...(keepWeekly > 0 ? [`one of each of ${keepWeekly} weeks`] : []),
        ...(keepMonthly > 0 ? [`one of each of ${keepMonthly} months`] : []),
        ...(keepsAtLeastOne ? ["the last good one always"] : []),
      ].join(", ");
