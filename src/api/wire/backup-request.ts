import { nameProblem } from "../../domain/backup.ts";
import { refuse } from "../../domain/errors.ts";
import { failingFrom } from "../../domain/failures-in-a-row.ts";
import type { KeepRules } from "../../domain/schedule.ts";
import type {
  ConfigurationRequest,
  RequestedSchedule,
  ShownConfiguration,
} from "../../operations/backups/backup-configuration.ts";
import type { DatabaseWish } from "../../operations/databases/database-wishes.ts";
import type { BackupRequest } from "../../operations/backups/create-backup.ts";
import type { Secret } from "../../domain/secret.ts";
import { databasesReply, parseDatabases } from "./databases.ts";
import { fields, properties, type JsonObject } from "./lenient-json.ts";
import { siteEnvelope } from "./site.ts";

export const parseBackupRequest = (body: JsonObject): BackupRequest => {
  const given = properties(body);
  const databases = parseDatabases(given.list("databases"));
  const continues = given.flag("continueOnDatabaseError");
  const name = given.text("backupName") ?? given.text("name");
  const storageAccountUrl = given.secret("storageAccountUrl");
  const expires = given.date("expires");
  return {
    ...(name === undefined ? {} : { name }),
    ...(storageAccountUrl === undefined ? {} : { storageAccountUrl }),
    ...(databases === undefined ? {} : { databases }),
    ...(continues === undefined ? {} : { continueOnDatabaseError: continues }),
    ...(expires === undefined ? {} : { expires }),
  };
};

export const parseConfigurationRequest = (body: JsonObject): ConfigurationRequest => {
  const given = properties(body);
  const databases = parseDatabases(given.list("databases"));
  const continues = given.flag("continueOnDatabaseError");
  const name = given.text("backupName") ?? given.text("name");
  const problem = name === undefined || name === "" ? undefined : nameProblem(name.replace(/\.zip$/i, ""));
  // Said without the name: what people paste into the wrong field is often a SAS.
  if (problem !== undefined) throw refuse("InvalidField", { field: "properties.backupName", reason: `${problem}.` });
  const storageAccountUrl = given.secret("storageAccountUrl");
  const enabled = given.flag("enabled");
  const schedule = given.object("backupSchedule");
  return {
    ...(name === undefined || name === "" ? {} : { backupName: name }),
    ...(storageAccountUrl === undefined ? {} : { storageAccountUrl }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(databases === undefined ? {} : { databases }),
    ...(continues === undefined ? {} : { continueOnDatabaseError: continues }),
    ...(schedule === undefined ? {} : { schedule: parseSchedule(schedule) }),
  };
};

const parseSchedule = (object: JsonObject): NonNullable<ConfigurationRequest["schedule"]> => {
  const at = "properties.backupSchedule";
  const given = fields(object, at);
  const unit = (given.text("frequencyUnit") ?? "Day").toLowerCase();
  if (unit !== "day" && unit !== "hour")
    throw refuse("InvalidField", { field: `${at}.frequencyUnit`, reason: "expected Day or Hour." });
  const start = given.date("startTime");
  return {
    frequencyInterval: given.integer("frequencyInterval") ?? 7,
    frequencyUnit: unit === "day" ? "Day" : "Hour",
    keepAtLeastOneBackup: given.flag("keepAtLeastOneBackup") ?? true,
    retentionPeriodInDays: given.integer("retentionPeriodInDays") ?? 30,
    ...parseOwnFields(object, at),
    // PowerShell sends the year 1 for an unset date: it means now.
    ...(start === undefined || start.getUTCFullYear() < 1970 ? {} : { startTime: start.toISOString() }),
  };
};

type OwnFields = KeepRules & Pick<RequestedSchedule, "timeZone" | "runWindow">;

const parseOwnFields = (object: JsonObject, at: string): OwnFields => {
  const given = fields(object, at);
  const timeZone = given.text("timeZone");
  const runWindow = given.object("runWindow");
  const [keepDaily, keepWeekly, keepMonthly] = [
    given.integer("keepDaily"),
    given.integer("keepWeekly"),
    given.integer("keepMonthly"),
  ];
  return {
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(runWindow === undefined ? {} : { runWindow: parseWindow(runWindow, `${at}.runWindow`) }),
    ...(keepDaily === undefined ? {} : { keepDaily }),
    ...(keepWeekly === undefined ? {} : { keepWeekly }),
    ...(keepMonthly === undefined ? {} : { keepMonthly }),
  };
};

const parseWindow = (object: JsonObject, at: string): NonNullable<RequestedSchedule["runWindow"]> => {
  if (Object.keys(object).length === 0) return "always";
  const given = fields(object, at);
  return { from: given.text("from") ?? "", to: given.text("to") ?? "" };
};

interface Reply extends ShownConfiguration {
  readonly storageAccountUrl: Secret | undefined;
  /** With their connection strings, for callers who may see them. */
  readonly databases: readonly DatabaseWish[] | undefined;
}

/** A full backupSchedule always: az crashes on null. Without one the defaults are told, and enabled is false. */
export const configurationReply = ({
  site,
  configuration,
  schedule,
  failuresInARow,
  storageAccountUrl,
  databases,
}: Reply) => ({
  ...siteEnvelope(site),
  properties: {
    name: configuration.backupName,
    backupName: configuration.backupName,
    enabled: schedule !== undefined,
    storageAccountUrl: storageAccountUrl?.reveal() ?? "",
    backupSchedule: {
      ...(schedule ?? configuration.schedule ?? noSchedule),
      ...(configuration.lastExecutionTime === undefined ? {} : { lastExecutionTime: configuration.lastExecutionTime }),
      ...(configuration.nextRun === undefined ? {} : { nextRun: configuration.nextRun }),
    },
    databases: databasesReply(databases ?? configuration.databases),
    ...(configuration.continueOnDatabaseError === undefined
      ? {}
      : { continueOnDatabaseError: configuration.continueOnDatabaseError }),
    type: "Default",
    inherited: schedule !== undefined && configuration.schedule === undefined,
    failuresInARow,
    state: schedule === undefined ? "Off" : failuresInARow < failingFrom ? "On" : "Failing",
  },
});

const noSchedule = {
  frequencyInterval: 7,
  frequencyUnit: "Day",
  keepAtLeastOneBackup: true,
  retentionPeriodInDays: 30,
} as const;
