import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Place, SdkClient, SdkItem } from "./sdk-client.ts";

/** What a story is told against. */
export interface Stage {
  readonly client: SdkClient;
  /** The same, asking for pages of one item. */
  readonly paging: SdkClient;
  /** The site's name; its files lie in `home`. */
  readonly site: string;
  readonly home: string;
  /** Where a slot that a restore makes has its files. */
  readonly slotHome: string;
  /** The container as a caller names it. */
  readonly container: string;
  readonly names: () => Promise<readonly string[]>;
}

/** Everything that every major can ask of a site and of a slot. */
export const operations = [
  "get",
  "backup",
  "listBackups",
  "listSiteBackups",
  "getBackupStatus",
  "listBackupStatusSecrets",
  "deleteBackup",
  "restore",
  "restoreFromBackupBlob",
  "discoverBackup",
  "updateBackupConfiguration",
  "getBackupConfiguration",
  "deleteBackupConfiguration",
  "getConfiguration",
  "listApplicationSettings",
  "listConnectionStrings",
  "listAzureStorageAccounts",
] as const;

const isOver = ({ status }: SdkItem): boolean => status !== "Created" && status !== "InProgress";

/** Asks until it is so; the time limit is that of the test. */
const until = async <Value>(ask: () => Promise<Value>, isSo: (value: Value) => boolean): Promise<Value> => {
  for (;;) {
    const value = await ask();
    if (isSo(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

/** The life of a site's backups as one program would lead it. Answers the operations that were called. */
export const tellStory = async (stage: Stage): Promise<ReadonlySet<string>> => {
  const { site } = stage;
  const called = new Set<string>();
  const watched = watching(stage.client, called);
  const page = join(stage.home, "site", "wwwroot", "index.html");
  const content = readFileSync(page, "utf8");

  await backUp({ ...stage, client: watched }, { name: site });
  await configure({ ...stage, client: watched }, { name: site });
  await read(watched, { name: site });
  expect((await watched.listAll("webApps", "list")).map(({ name }) => name)).toContain(site);
  expect((await watched.listAll("webApps", "listByResourceGroup", "local")).map(({ name }) => name)).toContain(site);

  const archive = { storageAccountUrl: stage.container, blobName: `${site}-1.zip`, overwrite: true };
  writeFileSync(page, "changed since");
  await watched.wait("restore", { name: site }, "0", { ...archive, siteName: site });
  expect(readFileSync(page, "utf8")).toBe(content);
  writeFileSync(page, "changed again");
  await watched.wait("restoreFromBackupBlob", { name: site }, archive);
  expect(readFileSync(page, "utf8")).toBe(content);

  const slot = { name: site, slot: "staging" };
  await watched.wait("restoreFromBackupBlob", slot, { ...archive, overwrite: false });
  expect(readFileSync(join(stage.slotHome, "site", "wwwroot", "index.html"), "utf8")).toBe(content);
  expect((await watched.list("listSlots", { name: site })).map(({ name }) => name)).toEqual([`${site}/staging`]);
  await backUp({ ...stage, client: watched }, slot);
  await configure({ ...stage, client: watched }, slot);
  await read(watched, slot);
  await watched.wait("restore", slot, "1", archive);

  await pages({ ...stage, client: watched });
  await refusals({ ...stage, client: watched });
  await remove({ ...stage, client: watched }, { name: site });
  await remove({ ...stage, client: watched }, slot);
  expect(await watched.listAll("deletedWebApps", "list")).toEqual([]);
  if (watched.has("listByLocation", "deletedWebApps"))
    expect(await watched.listAll("deletedWebApps", "listByLocation", "Local")).toEqual([]);
  return called;
};

/** The same client, and what it was asked. */
const watching = (client: SdkClient, called: Set<string>): SdkClient => {
  const note = (operation: string, { slot }: Place): void =>
    void called.add(slot === undefined ? operation : `${operation}Slot`);
  return {
    ...client,
    call: (operation, place, ...values) => (note(operation, place), client.call(operation, place, ...values)),
    list: (operation, place) => (note(operation, place), client.list(operation, place)),
    wait: (operation, place, ...values) => (note(operation, place), client.wait(operation, place, ...values)),
  };
};

const labelOf = ({ name, slot }: Place): string => (slot === undefined ? name : `${name}/${slot}`);

/** Until 9 the name of a backup has another name in the model. */
const backupNameOf = (item: SdkItem): string | undefined => item["namePropertiesName"] ?? item["backupItemName"];

const backUp = async ({ client, site, container, names }: Stage, place: Place): Promise<void> => {
  const backupName = place.slot === undefined ? `${site}-1` : `${site}-${place.slot}-1`;
  const started = await client.call("backup", place, { backupName, storageAccountUrl: container });
  expect(started).toMatchObject({ name: labelOf(place), status: "Created", blobName: backupName });
  expect(started["storageAccountUrl"]).toBe(container);
  const id = String(started["backupId"]);
  const done = await until(() => client.call("getBackupStatus", place, id), isOver);
  expect(done).toMatchObject({ status: "Succeeded", blobName: `${backupName}.zip`, log: "", storageAccountUrl: "" });
  expect(backupNameOf(done)).toBe(backupName);
  const [created, finished] = [done["created"], done["finishedTimeStamp"]].map((date) => new Date(date ?? Number.NaN));
  expect(done["created"]).toBeInstanceOf(Date);
  expect(finished?.getTime()).toBeGreaterThanOrEqual(created?.getTime() ?? Infinity);
  expect(done["sizeInBytes"]).toBeGreaterThan(0);
  const lists = ["listBackups", "listSiteBackups"].filter((operation) => client.has(operation));
  for (const operation of lists) {
    const [listed] = await client.list(operation, place);
    expect(listed).toMatchObject({ backupId: done["backupId"], status: "Succeeded", storageAccountUrl: "" });
  }
  const shown = await client.call("listBackupStatusSecrets", place, id, { storageAccountUrl: container });
  expect(shown["storageAccountUrl"]).toBe(container);
  const archive = { storageAccountUrl: container, blobName: `${backupName}.zip`, overwrite: false };
  expect(await client.call("discoverBackup", place, archive)).toMatchObject({ ...archive, databases: [] });
  expect(await names()).toEqual(expect.arrayContaining([`${backupName}.zip`, `${backupName}.xml`]));
};

const configure = async ({ client, container }: Stage, place: Place): Promise<void> => {
  const backupSchedule = {
    frequencyInterval: 12,
    frequencyUnit: "Hour",
    keepAtLeastOneBackup: true,
    retentionPeriodInDays: 0,
    startTime: new Date("2040-01-31T02:00:00Z"),
  };
  const wish = { backupName: "nightly", enabled: true, storageAccountUrl: container, backupSchedule };
  await expect(client.call("getBackupConfiguration", place)).rejects.toMatchObject({ statusCode: 404 });
  // 5 and 9 answer the response as well: only what was sent is compared.
  expect(await client.call("updateBackupConfiguration", place, wish)).toMatchObject(wish);
  expect(await client.call("getBackupConfiguration", place)).toMatchObject(wish);
  await client.call("deleteBackupConfiguration", place);
  await expect(client.call("getBackupConfiguration", place)).rejects.toMatchObject({ statusCode: 404 });
};

const read = async (client: SdkClient, place: Place): Promise<void> => {
  expect(await client.call("get", place)).toMatchObject({
    name: labelOf(place),
    state: "Running",
    resourceGroup: "local",
  });
  expect(await client.call("getConfiguration", place)).toMatchObject({ name: "web" });
  const { properties } = await client.call("listApplicationSettings", place);
  expect(properties).toEqual({ COLOUR: "red" });
  expect((await client.call("listConnectionStrings", place))["properties"]).toEqual({
    main: { value: "Server=db", type: "MySql" },
  });
  if (client.has("listAzureStorageAccounts"))
    expect((await client.call("listAzureStorageAccounts", place))["properties"]).toEqual({});
};

/** Each generation has its own way to the next page: 5 to 9 by POST where they had posted, the others by GET. */
const pages = async ({ client, paging, site, container }: Stage): Promise<void> => {
  const wish = { backupName: `${site}-2`, storageAccountUrl: container };
  const { backupId } = await client.call("backup", { name: site }, wish);
  await until(() => client.call("getBackupStatus", { name: site }, String(backupId)), isOver);
  for (const operation of ["listBackups", "listSiteBackups"].filter((one) => client.has(one)))
    expect((await paging.list(operation, { name: site })).map(backupNameOf)).toEqual([`${site}-1`, `${site}-2`]);
  await client.call("deleteBackup", { name: site }, String(backupId));
  await until(
    () => client.list("listBackups", { name: site }),
    (left) => left.length === 1,
  );
};

/** What went wrong comes through as ARM's code and words, at once and from a poll. */
const refusals = async ({ client, site, container }: Stage): Promise<void> => {
  await expect(client.call("backup", { name: "nowhere" }, { storageAccountUrl: container })).rejects.toMatchObject({
    statusCode: 404,
    code: "ResourceNotFound",
    message: expect.stringContaining("Microsoft.Web/sites/nowhere"),
  });
  const missing = { storageAccountUrl: container, blobName: "none.zip", overwrite: true };
  await expect(client.wait("restore", { name: site }, "0", missing)).rejects.toMatchObject({
    statusCode: 409,
    // 5 to 9 read no body of a failed poll.
    message: client.isEarly ? expect.any(String) : expect.stringContaining("none.zip"),
  });
  const taken = { storageAccountUrl: container, blobName: `${site}-1.zip`, overwrite: false };
  await expect(client.wait("restore", { name: site }, "0", taken)).rejects.toMatchObject({
    statusCode: 409,
    code: "Conflict",
    message: expect.stringContaining("overwrite"),
  });
};

const remove = async ({ client, names }: Stage, place: Place): Promise<void> => {
  const [item] = await client.list("listBackups", place);
  const id = String(item?.["backupId"]);
  await client.call("deleteBackup", place, id);
  await until(
    () => client.list("listBackups", place),
    (left) => left.length === 0,
  );
  expect(await names()).not.toContain(item?.["blobName"]);
  await expect(client.call("getBackupStatus", place, id)).rejects.toMatchObject({ statusCode: 404 });
};
