import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { serviceClient, type ServiceClient } from "../support/service-client.ts";

const folder = mkdtempSync(join(tmpdir(), "lifeboat-schedule-"));
const data = join(folder, "data");
let lifeboat: LifeboatProcess;
let client: ServiceClient;

const connect = async (): Promise<void> => {
  const everySite = {
    frequencyInterval: 1,
    frequencyUnit: "Hour",
    startTime: new Date(Date.now() - 60_000).toISOString(),
  };
  lifeboat = await startLifeboat({
    data,
    environment: { LIFEBOAT_SCHEDULE: JSON.stringify(everySite), LIFEBOAT_SPREAD_MINUTES: "0" },
  });
  client = serviceClient(lifeboat.url, bearer(data), "shop");
};

beforeAll(async () => {
  for (const site of ["shop", "blog"]) {
    const wwwroot = join(folder, site);
    mkdirSync(wwwroot);
    writeFileSync(join(wwwroot, "index.html"), "hello");
    mkdirSync(join(data, "sites"), { recursive: true });
    writeFileSync(join(data, "sites", `${site}.json`), JSON.stringify({ wwwroot }));
  }
  await connect();
});
afterAll(async () => {
  await killAll();
  rmSync(folder, { recursive: true, force: true });
});

/** The backups, as soon as they are as wanted: the service looks for what is due by itself. */
const backupsOnce = async (isWanted: (backups: Awaited<ReturnType<ServiceClient["backups"]>>) => boolean) => {
  await expect.poll(async () => isWanted(await client.backups()), { timeout: 120_000, interval: 500 }).toBe(true);
  return client.backups();
};

it("a site is backed up when its schedule says so, an expired backup goes, and one setting does the same for every other site", async () => {
  // Long enough to see it there.
  const expires = new Date(Date.now() + 10_000).toISOString();
  const expired = await client.ask("POST", "/backup", { properties: { backupName: "expired", expires } });
  expect(expired.status).toBe(200);
  await backupsOnce((backups) => backups.some(({ status }) => status === "Succeeded"));
  // What the scheduled backup leaves is looked at when it has ended.
  await expect.poll(() => Date.now() > Date.parse(expires), { timeout: 60_000, interval: 500 }).toBe(true);
  // What comes due while another one runs would be skipped until tomorrow.
  await backupsOnce((backups) => backups.every(({ status }) => status !== "Created" && status !== "InProgress"));
  const startTime = new Date(Date.now() - 5_000).toISOString();
  const put = await client.ask("PUT", "/config/backup", {
    properties: {
      enabled: true,
      backupName: "nightly",
      backupSchedule: { frequencyInterval: 1, frequencyUnit: "Day", retentionPeriodInDays: 7, startTime },
    },
  });
  expect(put.body["properties"]?.["backupSchedule"]).toMatchObject({ startTime });
  const backups = await backupsOnce(
    (list) =>
      list.some(({ blobName, status }) => blobName.startsWith("nightly_") && status === "Succeeded") &&
      list.every(({ blobName }) => blobName !== "expired.zip"),
  );
  expect(backups.filter(({ blobName }) => blobName.startsWith("nightly_"))).toMatchObject([{ scheduled: true }]);
  await expect.poll(() => readdirSync(join(data, "backups", "shop")).includes("expired.zip")).toBe(false);
  const next = Date.parse(startTime) + 86_400_000;
  const shown = await client.ask("GET", "/config/backup");
  expect(shown.body["properties"]).toMatchObject({ state: "On", inherited: false });
  expect(shown.body["properties"]?.["backupSchedule"]).toMatchObject({ nextRun: new Date(next).toISOString() });

  const blog = serviceClient(lifeboat.url, bearer(data), "blog");
  await expect
    .poll(async () => (await blog.backups()).map(({ status }) => status), { timeout: 120_000, interval: 500 })
    .toEqual(["Succeeded"]);
  const inherited = await blog.ask("GET", "/config/backup");
  expect(inherited.body["properties"]).toMatchObject({ enabled: true, inherited: true });
});

it("a service that is killed and started again goes on with what was planned, and backs nothing up twice", async () => {
  const before = await client.backups();
  lifeboat.child.kill("SIGKILL");
  await lifeboat.ended;
  await connect();
  const { body } = await client.ask("GET", "/config/backup");
  expect(body["properties"]?.["backupSchedule"]).toHaveProperty("nextRun");
  expect((await client.backups()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
});
