import { beforeEach, describe, expect, it } from "vitest";
import { routes } from "../../src/api/routes.ts";
import { siteKey } from "../../src/domain/site.ts";
import type { Installation } from "../../src/operations/installation.ts";
import { readBackup, replaceBackup } from "../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../src/operations/rows/keys.ts";
import { readOperation, replaceOperation } from "../../src/operations/rows/operation-rows.ts";
import { changeSite } from "../../src/operations/rows/site-row.ts";
import { apiOver, shopPath } from "../support/api.ts";
import { memoryInstallation, shop } from "../support/installation.ts";
import { hostWithoutSettings } from "../support/no-settings.ts";

/** Requests as clients really send them: recorded, from their source, or from the documentation of App Service. */

const sas = "https://acct.blob.core.windows.net/backups?se=2027-02-05T01%3A11Z&sp=rwdl&sv=2021-06-08&sr=c&sig=xxx%3D";

let given: ReturnType<typeof memoryInstallation>;
let ask: ReturnType<typeof apiOver>;
beforeEach(() => {
  given = memoryInstallation();
  const host = hostWithoutSettings({ content: async () => "present" });
  const deps: Installation = { ...given.deps, hosts: { host: async () => host } };
  ask = apiOver(routes(deps), given.call);
});

const put = (body: unknown, version?: string) =>
  ask("PUT", `${shopPath}/config/backup`, { body, ...(version === undefined ? {} : { version }) });
const scheduleOf = async (answer: ReturnType<typeof put>): Promise<unknown> =>
  (await answer).json()["properties"]?.["backupSchedule"];

/** Every version that a client is known to send, and one that none does. */
const versions = (
  "2015-08-01 2016-08-01 2018-02-01 2019-08-01 2020-09-01 2020-12-01 2021-02-01 2021-03-01 2022-03-01 " +
  "2023-01-01 2023-12-01 2024-04-01 2024-11-01 2025-03-01 2025-05-01 2099-01-01"
).split(" ");

describe("an api-version", () => {
  it.each(versions)("%s is taken, and decides how a backup is told", async (version) => {
    const body = { properties: { name: "old", storageAccountUrl: sas } };
    const made = (await ask("POST", `${shopPath}/backup`, { body, version })).json()["properties"];
    expect(made).toMatchObject({ id: 1, name: "old", blobName: "old" });
    expect(made?.["status"]).toBe(version < "2016" ? 4 : "Created");
    expect(made?.["backupName"]).toBe(version < "2018" ? undefined : "old");
    const listed = (await ask("GET", `${shopPath}/backups`, { version })).json()["value"]?.[0]?.["properties"];
    expect(listed?.["status"]).toBe(version < "2016" ? 4 : "Created");
  });

  it.each(versions)("%s decides what a restore answers first", async (version) => {
    const properties = { storageAccountUrl: sas, blobName: "nightly", overwrite: "true" };
    await ask("POST", `${shopPath}/backup`, { body: { properties: { backupName: "x", storageAccountUrl: sas } } });
    given = memoryInstallation();
    const host = hostWithoutSettings({ content: async () => "empty" });
    ask = apiOver(routes({ ...given.deps, hosts: { host: async () => host } }), given.call);
    const answer = await ask("POST", `${shopPath}/backups/0/restore`, { body: { properties }, version });
    expect(answer.status).toBe(version < "2018" ? 200 : 202);
    if (version < "2018") expect(answer.json()["properties"]).toEqual({ operationId: expect.any(String) });
    else
      expect(answer.headers["location"]).toMatch(new RegExp(`^https://.*/operationresults/.*api-version=${version}$`));
  });

  it("left out is ARM's own error", async () => {
    const answer = await ask("GET", `${shopPath}/backups?api-version=`);
    expect({ status: answer.status, code: answer.json()["Code"] }).toEqual({
      status: 400,
      code: "MissingApiVersionParameter",
    });
  });
});

describe("a backup asked for", () => {
  it.each([
    ["az 2.45", { properties: { backupName: "nightly", storageAccountUrl: sas } }, "2022-03-01"],
    ["az of 2017", { location: "West US", properties: { name: "nightly", storageAccountUrl: sas } }, "2015-08-01"],
    [
      "az 2.0.17",
      { kind: "West US", properties: { name: "nightly", storageAccountUrl: sas, type: "Default" } },
      "2016-08-01",
    ],
    ["both names", { properties: { backupName: "nightly", name: "other", storageAccountUrl: sas } }, "2025-05-01"],
    ["blanks around", { properties: { backupName: "  nightly\t", storageAccountUrl: `  ${sas} ` } }, "2025-05-01"],
    [
      "nulls",
      {
        kind: null,
        properties: { backupName: "nightly", storageAccountUrl: sas, databases: null, backupSchedule: null },
      },
      "2025-05-01",
    ],
    ["no databases", { properties: { backupName: "nightly", storageAccountUrl: sas, databases: [] } }, "2025-05-01"],
    [
      "members nobody knows",
      { tags: {}, etag: 1, properties: { backupName: "nightly", storageAccountUrl: sas, x: { y: [1] } } },
      "2025-05-01",
    ],
    ["other letter case", { Properties: { BackupName: "nightly", StorageAccountURL: sas } }, "2025-05-01"],
  ])("as %s is taken", async (_, body, version) => {
    const answer = await ask("POST", `${shopPath}/backup`, { body, version });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      id: shopPath,
      name: "shop",
      type: "Microsoft.Web/sites",
      properties: {
        name: "nightly",
        blobName: "nightly",
        storageAccountUrl: sas,
        sizeInBytes: 0,
        log: null,
        scheduled: false,
      },
    });
  });

  it.each(["", "{}", '{"properties":{}}', '{"properties":null}', " \r\n"])(
    "with nothing in it (%j) goes to the site's own container under a name of its own",
    async (body) => {
      const answer = await ask("POST", `${shopPath}/backup`, { body });
      expect(answer.status).toBe(200);
      expect(answer.json()["properties"]?.["name"]).toMatch(/^\w+_\d{12,14}$/);
    },
  );

  it("tells the request's own id as its correlation id", async () => {
    const answer = await ask("POST", `${shopPath}/backup`, { headers: { "x-ms-client-request-id": "mine" } });
    expect(answer.json()["properties"]?.["correlationId"]).toBe(answer.headers["x-ms-request-id"]);
    expect(answer.headers).toMatchObject({
      "content-type": expect.stringMatching(/^application\/json/),
      "x-ms-client-request-id": "mine",
      "x-ms-correlation-request-id": expect.any(String),
      "cache-control": "no-cache",
    });
  });
});

describe("a schedule", () => {
  const of = (backupSchedule: object) => ({ properties: { enabled: true, storageAccountUrl: sas, backupSchedule } });

  it("is taken as az 2.45 sends it: units in capitals, 0 days for ever", async () => {
    const sent = { frequencyInterval: 12, frequencyUnit: "HOUR", keepAtLeastOneBackup: true, retentionPeriodInDays: 0 };
    expect(await scheduleOf(put(of(sent), "2022-03-01"))).toMatchObject({ ...sent, frequencyUnit: "Hour" });
  });

  it("is taken as App Service's first documents have it: everything is text", async () => {
    const body = {
      location: "WestUS",
      properties: {
        backupSchedule: {
          frequencyInterval: "7",
          frequencyUnit: "Day",
          keepAtLeastOneBackup: "True",
          retentionPeriodInDays: "10",
        },
        enabled: "True",
        name: "mysitebackup",
        storageAccountUrl: sas,
      },
    };
    const answer = (await put(body, "2015-08-01")).json()["properties"];
    expect(answer).toMatchObject({
      name: "mysitebackup",
      enabled: true,
      backupSchedule: {
        frequencyInterval: 7,
        frequencyUnit: "Day",
        keepAtLeastOneBackup: true,
        retentionPeriodInDays: 10,
      },
    });
  });

  it.each([
    ["day", "Day"],
    ["DAY", "Day"],
    [" Hour ", "Hour"],
    ["hOUR", "Hour"],
  ])("takes %j for %s", async (frequencyUnit, told) => {
    expect(await scheduleOf(put(of({ frequencyInterval: 1, frequencyUnit })))).toMatchObject({ frequencyUnit: told });
  });

  it.each([
    ["0001-01-01T00:00:00", "2026-11-21T12:00:00.000Z"],
    ["2040-01-31T02:00:00", "2040-01-31T02:00:00.000Z"],
    ["2040-01-31T02:00:00Z", "2040-01-31T02:00:00.000Z"],
    ["2040-01-31T02:00:00.1234567Z", "2040-01-31T02:00:00.123Z"],
    ["2040-01-31T02:00:00.1234567", "2040-01-31T02:00:00.123Z"],
    ["2040-01-31T04:00:00+02:00", "2040-01-31T02:00:00.000Z"],
    [undefined, "2026-11-21T12:00:00.000Z"],
  ])("that starts at %s starts at %s, told with its zone", async (startTime, told) => {
    const schedule = of({
      frequencyInterval: 1,
      frequencyUnit: "Day",
      ...(startTime === undefined ? {} : { startTime }),
    });
    expect(await scheduleOf(put(schedule))).toMatchObject({ startTime: told });
  });

  it.each([
    [{ frequencyInterval: 1, frequencyUnit: "Week" }, "frequencyUnit"],
    [{ frequencyInterval: "seven", frequencyUnit: "Day" }, "frequencyInterval"],
    [{ frequencyInterval: 1.5, frequencyUnit: "Day" }, "frequencyInterval"],
    [{ frequencyInterval: 1, frequencyUnit: "Day", keepAtLeastOneBackup: "yes" }, "keepAtLeastOneBackup"],
    [{ frequencyInterval: 1, frequencyUnit: "Day", startTime: "02/03/2023 16:41 pm" }, "startTime"],
    [{ frequencyInterval: 1, frequencyUnit: "Day", retentionPeriodInDays: -1 }, "retentionPeriodInDays"],
    ["daily", "backupSchedule"],
  ])("like %j is refused by the name of what is wrong", async (schedule, field) => {
    // A text instead of a schedule is one of the cases.
    const answer = await put(of(schedule as object));
    expect({ status: answer.status, says: answer.json()["Message"] }).toEqual({
      status: 400,
      says: expect.stringContaining(field),
    });
  });

  it("is always told whole, also where there is none: az cannot bear null", async () => {
    const answer = (await put({ properties: { storageAccountUrl: sas } })).json()["properties"];
    expect(answer).toMatchObject({
      enabled: false,
      backupSchedule: {
        frequencyInterval: 7,
        frequencyUnit: "Day",
        keepAtLeastOneBackup: true,
        retentionPeriodInDays: 30,
      },
      databases: null,
    });
  });
});

describe("bodies in odd forms", () => {
  const url = JSON.stringify(sas);

  it.each([
    [
      "comments",
      `{ // the night's\n "properties": { /* a name */ "backupName": "nightly", "storageAccountUrl": ${url} } }`,
    ],
    ["commas behind the last", `{"properties":{"backupName":"nightly","storageAccountUrl":${url},},}`],
    ["a byte order mark", `\uFEFF{"properties":{"backupName":"nightly","storageAccountUrl":${url}}}`],
    ["hard blanks", `{\u00A0"properties":\u00A0{"backupName":"nightly","storageAccountUrl":${url}}}`],
    ["Windows line ends", `{\r\n"properties":{\r\n"backupName":"nightly",\r\n"storageAccountUrl":${url}}}\r\n`],
    ["escapes", `{"\\u0070roperties":{"backupName":"night\\u006cy","storageAccountUrl":${url}}}`],
  ])("with %s are taken", async (_, body) => {
    const answer = await ask("POST", `${shopPath}/backup`, { body });
    expect({ status: answer.status, properties: answer.json()["properties"] }).toMatchObject({
      status: 200,
      properties: { name: "nightly", storageAccountUrl: sas },
    });
  });

  it.each([
    ["typographic quotes", "{“properties”:{“backupName”:“nightly”}}", 1, 2],
    ["typographic quotes further down", '{"properties":\n  {"backupName": ”nightly”}}', 2, 18],
    ["single quotes", "{'properties':{}}", 1, 2],
    ["names without quotes", "{properties:{}}", 1, 2],
    ["a missing comma", '{"a":1\n "b":2}', 2, 2],
    ["an end too soon", '{"properties":{', 1, 16],
    ["something behind the end", '{"properties":{}} trailing', 1, 19],
    ["a form instead", "backupName=nightly", 1, 1],
    ["XML instead", "<backup/>", 1, 1],
  ])("with %s are refused with line and column, and not repeated", async (_, body, line, column) => {
    const answer = await ask("POST", `${shopPath}/backup`, { body });
    expect({ status: answer.status, says: answer.json()["Message"] }).toEqual({
      status: 400,
      says: expect.stringContaining(`line ${line}, column ${column}`),
    });
    expect(answer.text).not.toContain("nightly");
  });

  it.each(["[]", "null", '"text"', "7"])("that are %s are no requests", async (body) => {
    expect((await ask("POST", `${shopPath}/backup`, { body })).status).toBe(400);
  });
});

describe("paths in odd forms", () => {
  it.each([
    ["in lower case", shopPath.toLowerCase()],
    ["in capitals", shopPath.toUpperCase()],
    ["as old recordings have them", shopPath.replace("resourceGroups", "resourcegroups").replace("/sites/", "/Sites/")],
    ["with the slot that is the site itself", `${shopPath}/slots/Production`],
    ["with escapes that need none", shopPath.replace("shop", "%73hop")],
  ])("%s lead to the site", async (_, path) => {
    for (const [method, below] of [
      ["POST", "/BACKUP/"],
      ["GET", "/Backups"],
      ["GET", "/backups/1/"],
      ["POST", "/ListBackups"],
    ] as const) {
      const url = new URL(`https://lifeboat.example:7443${path}${below}?API-Version=2025-05-01`);
      const answer = await ask(method, url.href);
      expect({ path: url.pathname, status: answer.status }).toEqual({ path: url.pathname, status: 200 });
    }
    expect((await ask("GET", `${shopPath}/backups/1`)).json()["id"]).toBe(`${shopPath}/backups/1`);
  });
});

/** In its order and with its members, as its source and the recordings of its tests have them. */
describe("PowerShell", () => {
  const version = "2018-02-01";
  const succeeded = async (): Promise<void> => {
    await ask("POST", `${shopPath}/backup`, {
      version,
      body: { properties: { backupName: "nightly", storageAccountUrl: sas } },
    });
    const row = await readBackup(given.deps.catalog, shop, 1);
    if (row === undefined) throw new Error("no row");
    const ended = replaceBackup({ ...row.backup, status: "Succeeded" }, row.version);
    await changeSite(given.deps.catalog, shop, ({ run: _run, ...free }) => ({
      row: free,
      also: [ended],
      result: undefined,
    }));
  };

  it("reads five things of a site, restores it with what it read, and reads the result twice", async () => {
    await succeeded();
    const site = (await ask("GET", shopPath, { version })).json();
    const plan = String(site["properties"]?.["serverFarmId"]).split("/").at(-1);
    expect((await ask("GET", `${shopPath}/config/web`, { version })).status).toBe(200);
    const properties = {
      storageAccountUrl: sas,
      blobName: "nightly.zip",
      overwrite: true,
      siteName: "shop",
      appServicePlan: plan,
      databases: null,
      ignoreConflictingHostNames: false,
      ignoreDatabases: false,
      operationType: "Default",
      adjustConnectionStrings: null,
      hostingEnvironment: null,
    };
    const started = await ask("POST", `${shopPath}/backups/1/restore`, { version, body: { properties } });
    expect(started).toMatchObject({ status: 202, text: "" });
    const location = started.headers["location"] ?? "";
    expect(location).toContain(`api-version=${version}`);
    const id = /operationresults\/([\w-]+)/.exec(location)?.[1] ?? "";
    const found = await readOperation(given.deps.catalog, shop, id);
    if (found === undefined) throw new Error("no operation");
    const done = replaceOperation({ ...found.operation, status: "Succeeded" }, found.version);
    await given.deps.catalog.write(sitePartition(shop), [done]);
    for (let time = 0; time < 2; time++) expect((await ask("GET", location)).json()).toMatchObject({ id: shopPath });
  });

  it("names a slot as app(slot)", async () => {
    await succeeded();
    const slot = { ...shop, slot: "stg" };
    given.sites.set(siteKey(slot), { id: slot, location: "Local", tier: "Standard" });
    const properties = { storageAccountUrl: sas, blobName: "nightly.zip", overwrite: true, siteName: "shop(stg)" };
    const path = `${shopPath}/slots/stg/backups/1/restore`;
    const { headers } = await ask("POST", path, { version, body: { properties } });
    expect(headers["location"]).toContain(`${shopPath}/slots/stg/operationresults/`);
  });

  it("looks at a backup before it removes it, and shows what it saw", async () => {
    await succeeded();
    expect((await ask("GET", `${shopPath}/backups/1`, { version })).json()["properties"]).toMatchObject({
      id: 1,
      status: "Succeeded",
      name: "nightly",
      backupName: "nightly",
    });
    expect((await ask("DELETE", `${shopPath}/backups/1`, { version })).status).toBe(200);
  });

  it("edits a configuration without a name and with a start in the year 1, which means now", async () => {
    const backupSchedule = {
      frequencyInterval: 7,
      frequencyUnit: "Day",
      keepAtLeastOneBackup: true,
      retentionPeriodInDays: 3,
      startTime: "0001-01-01T00:00:00",
    };
    const answer = await put(
      { properties: { enabled: true, storageAccountUrl: sas, backupSchedule, databases: null } },
      version,
    );
    expect(answer.json()["properties"]).toMatchObject({
      name: "shop",
      backupName: "shop",
      type: "Default",
      backupSchedule: { ...backupSchedule, startTime: "2026-11-21T12:00:00.000Z" },
    });
  });
});
