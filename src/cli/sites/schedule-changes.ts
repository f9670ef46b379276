import { isTimeZone } from "../../domain/civil-time.ts";
import type { Answer } from "../service/answer.ts";
import type { CommandContext, Given } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { containerUrl } from "../files/container-url.ts";
import { hoursIn } from "../line/durations.ts";
import { exitCodes } from "../exit-code.ts";
import { flagOf } from "../line/flag-of.ts";
import { wantedDatabases } from "./site-databases.ts";
import type { SiteReference } from "./site-reference.ts";
import { machineZone, startTime } from "../line/start-time.ts";

const ways = ["remove", "off", "on"] as const;
const texts = [
  "every",
  "keep",
  "start",
  "timeZone",
  "window",
  "keepDaily",
  "keepWeekly",
  "keepMonthly",
  "to",
  "toFile",
];

/** Options that say opposite things: none of them is silently left out. */
export const refuseContradiction = (given: Given): void => {
  const [way, other] = ways.filter((name) => given.flag(name));
  if (way === undefined) return;
  const more = way === "remove" ? [...texts, "database"] : [];
  const beside = other ?? more.find((name) => given.text(name) !== undefined || given.texts(name).length > 0);
  if (beside !== undefined)
    throw new CommandFailure(exitCodes.usage, "NotTogether", `Either ${flagOf(way)} or ${flagOf(beside)}, not both.`);
};

/** What is to change in a site's backup configuration, as a request has it; undefined: it is only to be shown. */
export const scheduleChanges = async (
  context: CommandContext,
  given: Given,
  { site, before }: { readonly site: SiteReference; readonly before: Answer | undefined },
): Promise<Readonly<Record<string, unknown>> | undefined> => {
  const url = await containerUrl(context, { url: given.text("to"), file: given.text("toFile") });
  const named = given.texts("database");
  const times = timesOf(given, before, context.now());
  if (given.flag("on") && Object.keys(times).length === 0 && !isMade(before)) throw noInterval();
  const changes = {
    ...enabledOf(given),
    ...(url === undefined ? {} : { storageAccountUrl: url.reveal() }),
    ...(named.length === 0 ? {} : { databases: await databasesOf(context, site, named) }),
    ...(Object.keys(times).length === 0 ? {} : { backupSchedule: { ...keptOf(before, given), ...times } }),
  };
  return Object.keys(changes).length === 0 ? undefined : changes;
};

/** Saying how often means that it is wanted; everything else leaves it as it is. */
const enabledOf = (given: Given) => {
  if (given.flag("off")) return { enabled: false };
  return given.flag("on") || given.text("every") !== undefined ? { enabled: true } : {};
};

const databasesOf = async (context: CommandContext, site: SiteReference, named: readonly string[]) =>
  named.length === 1 && named[0]?.toLowerCase() === "none" ? [] : wantedDatabases(context, site, named);

/** Told by the service, and not for it. */
const onlyTold = ["lastExecutionTime", "nextRun"];

/** One without a start was never made: those are defaults that are told to old clients. */
const isMade = (before: Answer | undefined): boolean => scheduleOf(before)?.has("startTime") === true;

const scheduleOf = (before: Answer | undefined): Answer | undefined =>
  before?.object("properties").optional("backupSchedule");

const noInterval = (): CommandFailure =>
  new CommandFailure(
    exitCodes.usage,
    "NoInterval",
    "There is no schedule yet: say how often by --every, as in --every 1d.",
  );

/** The service replaces a schedule as a whole: what is not said goes back as it came. */
const keptOf = (before: Answer | undefined, given: Given): Readonly<Record<string, unknown>> => {
  const old = scheduleOf(before);
  if (old !== undefined && isMade(before))
    return Object.fromEntries(Object.entries(old.members()).filter(([name]) => !onlyTold.includes(name)));
  if (given.text("every") !== undefined) return { keepAtLeastOneBackup: true, retentionPeriodInDays: 30 };
  throw noInterval();
};

const timesOf = (given: Given, before: Answer | undefined, now: Date): Readonly<Record<string, unknown>> => {
  const [every, keep, start, window] = [
    given.text("every"),
    given.text("keep"),
    given.text("start"),
    given.text("window"),
  ];
  const timeZone = given.text("timeZone");
  const kept = (["keepDaily", "keepWeekly", "keepMonthly"] as const).flatMap((name) => {
    const text = given.text(name);
    return text === undefined ? [] : [[name, countOf(name, text)] as const];
  });
  return {
    ...(every === undefined ? {} : intervalOf(hoursIn(every, "--every"))),
    ...(keep === undefined ? {} : { retentionPeriodInDays: daysOf(keep) }),
    ...(start === undefined ? {} : { startTime: startOf(start, timeZone ?? zoneOf(before), now) }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(window === undefined ? {} : { runWindow: windowOf(window) }),
    ...Object.fromEntries(kept),
  };
};

const intervalOf = (hours: number) =>
  hours % 24 === 0
    ? { frequencyInterval: hours / 24, frequencyUnit: "Day" }
    : { frequencyInterval: hours, frequencyUnit: "Hour" };

const wrong = (option: string, text: string, expected: string): CommandFailure =>
  new CommandFailure(exitCodes.usage, "ScheduleInvalid", `${flagOf(option)}: "${text}" is not ${expected}.`);

const daysOf = (keep: string): number => {
  if (keep === "forever") return 0;
  const hours = hoursIn(keep, "--keep");
  if (hours % 24 !== 0) throw wrong("keep", keep, "whole days such as 30d, nor forever");
  return hours / 24;
};

const zoneOf = (before: Answer | undefined): string => scheduleOf(before)?.textOr("timeZone", null) ?? "";

/** Without a zone of the schedule this machine's clock counts. */
const startOf = (text: string, timeZone: string, now: Date): string => {
  const zone = timeZone === "" ? machineZone() : timeZone;
  if (!isTimeZone(zone)) throw wrong("timeZone", zone, "an IANA name such as Europe/Berlin");
  const time = startTime(text, zone, now);
  if (time === undefined)
    throw wrong("start", text, `a time such as 02:00 or 2026-12-01T02:00 that the clocks of ${zone} show`);
  return time.toISOString();
};

const windowOf = (text: string) => {
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) throw wrong("window", text, "two times such as 22:00-06:00");
  return { from, to };
};

const countOf = (name: "keepDaily" | "keepWeekly" | "keepMonthly", text: string): number => {
  if (!/^\d{1,4}$/.test(text)) throw wrong(name, text, "a whole number up to 9999");
  return Number(text);
};
