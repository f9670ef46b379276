/** Fields of requests whose values were typed here as they are, and what was typed. */
const typed: Readonly<Record<string, string>> = {
  "properties.storageAccountUrl": "the container's URL",
  "properties.backupName": "--name",
  "properties.expires": "--expires",
  "properties.paths": "--path",
  "properties.directories": "--directory",
  "properties.backupSchedule.frequencyInterval": "--every",
  "properties.backupSchedule.retentionPeriodInDays": "--keep",
  "properties.backupSchedule.startTime": "--start",
  "properties.backupSchedule.timeZone": "--time-zone",
  "properties.backupSchedule.runWindow.from": "--window",
  "properties.backupSchedule.runWindow.to": "--window",
  "properties.backupSchedule.keepDaily": "--keep-daily",
  "properties.backupSchedule.keepWeekly": "--keep-weekly",
  "properties.backupSchedule.keepMonthly": "--keep-monthly",
};

/** What the service says of a field, which people know by another name: `properties.paths: expected a list.` */
export const fieldInWords = (message: string): string => {
  const field = message.slice(0, Math.max(0, message.indexOf(": ")));
  const words = typed[field];
  return words === undefined ? message : `${words}${message.slice(field.length)}`;
};
