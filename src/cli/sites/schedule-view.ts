import type { Answer } from "../service/answer.ts";
import { showName, showTime, showTimeIn } from "../terminal/show-text.ts";

/** A site's schedule; also the JSON of `lifeboat schedule`. */
export const scheduleView = (site: string, answer: Answer) => {
  const properties = answer.object("properties");
  const schedule = properties.object("backupSchedule");
  const window = schedule.optional("runWindow");
  return {
    site,
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

export const scheduleText = (view: ScheduleView): string => {
  const { site, state, isInherited, everyHours, start, timeZone, window, databases, lastRun, nextRun } = view;
  // Switched off before it was ever made: the rest are defaults that are told to old clients.
  if (start === null && state === "Off") return `${site}: switched off\n`;
  const every = everyHours % 24 === 0 ? `${everyHours / 24} d` : `${everyHours} h`;
  const from = start !== null && timeZone !== null ? showTimeIn(start, timeZone) : start && showTime(start);
  const times = [
    every,
    ...(from === null ? [] : [`from ${from} on`]),
    ...(window === null ? [] : [`only ${window.from} to ${window.to}`]),
    ...(timeZone === null ? [] : [`by the clocks of ${showName(timeZone)}`]),
  ];
  return [
    `${site}: ${stateWords[state] ?? state}${isInherited ? ", as the installation says for all sites" : ""}\n`,
    `  every    ${times.join(", ")}\n`,
    `  keep     ${keepText(view)}\n`,
    `  holds    the files${databases.map((name) => `, ${showName(name)}`).join("")}\n`,
    ...(lastRun === null ? [] : [`  last run ${both(lastRun, timeZone)}\n`]),
    ...(nextRun === null ? [] : [`  next run ${both(nextRun, timeZone)}\n`]),
  ].join("");
};

/** By the clocks here, as every time is shown, and by those that the schedule goes by. */
const both = (iso: string, timeZone: string | null): string => {
  const there = timeZone === null ? showTime(iso) : showTimeIn(iso, timeZone);
  return showTime(iso) + (there === showTime(iso) ? "" : ` (${there} in ${showName(timeZone ?? "")})`);
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
