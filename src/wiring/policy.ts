import type { Config } from "../config.ts";
import type { AlarmPolicy, Policy } from "../operations/installation.ts";

const alarmPolicy = ({ webhook, mailTo, missedIntervals, digestMinute, heartbeat }: Config["alarms"]): AlarmPolicy => ({
  channels: {
    ...(webhook === undefined ? {} : { webhook: { kind: "webhook", ...webhook } }),
    ...(mailTo.length === 0 ? {} : { mail: { kind: "mail", to: mailTo } }),
  },
  missedIntervals,
  ...(digestMinute === undefined ? {} : { digestMinute }),
  ...(heartbeat === undefined ? {} : { heartbeat }),
});

export const policyOf = ({
  defaultDestination,
  undoDays,
  spreadMinutes,
  openRuns,
  runHours,
  alarms,
  ...optional
}: Config): Policy => {
  const { schedule, maxBackupBytes, backupsPerDay } = optional;
  return {
    defaultDestination,
    undoDays,
    spreadMinutes,
    openRuns,
    runHours,
    alarms: alarmPolicy(alarms),
    ...(schedule === undefined ? {} : { schedule }),
    ...(maxBackupBytes === undefined ? {} : { maxBackupBytes }),
    ...(backupsPerDay === undefined ? {} : { backupsPerDay }),
  };
};
