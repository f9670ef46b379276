import { beforeEach, describe, expect, it } from "vitest";
import { parseConfigurationRequest } from "../../../src/api/wire/backup-request.ts";
import {
  deleteBackupConfiguration,
  configuredContainerUrl,
  getBackupConfiguration,
  putBackupConfiguration,
} from "../../../src/operations/backups/backup-configuration.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

let given: ReturnType<typeof memoryInstallation>;
beforeEach(() => (given = memoryInstallation()));

const put = (properties: object) =>
  putBackupConfiguration(given.deps)(given.call, shop, parseConfigurationRequest({ properties }));
const get = async () => (await getBackupConfiguration(given.deps)(given.call, shop)).configuration;
const sas = "https://acct.blob.core.windows.net/backups?se=2027-01-01&sig=planted";

describe("a backup configuration", () => {
  it("takes ARM's old form: numbers and booleans as texts, units in any case", async () => {
    await put({
      backupSchedule: {
        frequencyInterval: "7",
        frequencyUnit: "DAY",
        keepAtLeastOneBackup: "True",
        retentionPeriodInDays: "0",
        startTime: "2026-09-15T22:46:54",
      },
      enabled: "True",
      name: "mysitebackup",
      storageAccountUrl: sas,
    });
    const configuration = await get();
    const storageAccountUrl = await configuredContainerUrl(given.deps, configuration);
    expect(configuration).toMatchObject({
      backupName: "mysitebackup",
      enabled: true,
      schedule: {
        frequencyInterval: 7,
        frequencyUnit: "Day",
        keepAtLeastOneBackup: true,
        retentionPeriodInDays: 0,
        startTime: "2026-09-15T22:46:54.000Z",
      },
    });
    expect(storageAccountUrl?.reveal()).toBe(sas);
    expect(JSON.stringify(configuration)).not.toContain("planted");
  });

  it("keeps what only Lifeboat knows when a client of App Service changes the rest, and forgets it when told to", async () => {
    const own = { timeZone: "Europe/Berlin", runWindow: { from: "22:00", to: "06:00" }, keepDaily: 7, keepMonthly: 12 };
    await put({ backupSchedule: { frequencyInterval: 1, frequencyUnit: "Day", ...own } });
    await put({ backupSchedule: { frequencyInterval: 2, frequencyUnit: "Day", retentionPeriodInDays: 60 } });
    expect((await get()).schedule).toMatchObject({ frequencyInterval: 2, retentionPeriodInDays: 60, ...own });
    const none = { timeZone: "", runWindow: {}, keepDaily: 0 };
    await put({ backupSchedule: { frequencyInterval: 2, frequencyUnit: "Day", ...none } });
    const { schedule } = await get();
    expect(schedule).toMatchObject({ keepDaily: 0, keepMonthly: 12 });
    expect(schedule).not.toHaveProperty("timeZone");
    expect(schedule).not.toHaveProperty("runWindow");
  });

  it("keeps the start, the container and the name when a later request has none, and names itself after the site", async () => {
    await put({ storageAccountUrl: sas, backupSchedule: { frequencyInterval: 1, frequencyUnit: "Day" } });
    const first = await get();
    given.clock.time = new Date("2026-12-01T00:00:00Z");
    await put({
      storageAccountUrl: "",
      backupSchedule: { frequencyInterval: 12, frequencyUnit: "Hour", startTime: "0001-01-01T00:00:00" },
    });
    const second = await get();
    expect(first).toMatchObject({ backupName: "shop", schedule: { startTime: "2026-11-21T12:00:00.000Z" } });
    expect(second).toMatchObject({
      container: first.container,
      backupName: "shop",
      schedule: { frequencyInterval: 12, startTime: "2026-11-21T12:00:00.000Z" },
    });
  });

  it.each([
    [{ backupSchedule: { frequencyInterval: 0 } }, /frequencyInterval/],
    [{ backupSchedule: { frequencyUnit: "Week" } }, /frequencyUnit/],
    [{ backupSchedule: { retentionPeriodInDays: -1 } }, /retentionPeriodInDays/],
    [{ backupSchedule: { startTime: "tomorrow" } }, /startTime/],
    [{ backupSchedule: { startTime: "20226-12-01T02:00:00Z" } }, /startTime/],
    [{ backupSchedule: { startTime: "2226-12-01T02:00:00Z" } }, /startTime.*ever/],
    [{ backupSchedule: { startTime: "+275760-09-13T00:00:00Z" } }, /startTime.*ever/],
    [{ enabled: "perhaps" }, /enabled/],
    [{ databases: [{ databaseType: "Oracle", name: "db" }] }, /databases\[0\].databaseType/],
    [{ databases: [{ databaseType: "MySql", name: "db", connectionString: "Server=;Pwd=planted" }] }, /Server/],
    [{ storageAccountUrl: "https://forbidden/c?sig=planted" }, /not allowed/],
  ])("is refused with the field that is wrong: %j", async (properties, expected) => {
    const failure = async () => put(properties);
    await expect(failure()).rejects.toThrow(expected);
    await expect(failure()).rejects.not.toThrow(/planted/);
    await expect(get()).rejects.toThrow("Backup configuration not found for site 'shop' with slot 'Production'");
  });

  it("says where backups go that name no container", async () => {
    await put({ storageAccountUrl: sas });
    const { backup } = await createBackup(given.deps)(given.call, shop, {});
    expect(backup.destination).toBe("https://acct.blob.core.windows.net/backups");
  });

  it("is gone after it was deleted, also twice", async () => {
    await put({ storageAccountUrl: sas });
    await deleteBackupConfiguration(given.deps)(given.call, shop);
    await deleteBackupConfiguration(given.deps)(given.call, shop);
    await expect(get()).rejects.toThrow(/not found/);
  });
});
