import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith, hasCommand } from "../support/needs.ts";
import { serviceClient, type ServiceClient } from "../support/service-client.ts";

const fixtures = "test/fixtures/data-folders";
const versions = readdirSync(fixtures)
  .filter((name) => name.endsWith(".zip"))
  .map((name) => basename(name, ".zip"));

/** Where scripts/make-data-folder.mjs made it: catalogs hold absolute paths. */
const folderOf = (version: string): string => `/var/tmp/lifeboat-${version}`;

afterEach(async () => {
  await killAll();
  for (const version of versions) rmSync(folderOf(version), { recursive: true, force: true });
});

const finished = async (client: ServiceClient, id: number) => {
  for (;;) {
    const found = (await client.backups()).find((backup) => backup.id === id);
    if (found !== undefined && !["Created", "InProgress"].includes(found.status)) return found;
    await pause(50);
  }
};

/** Until the operation is no longer running: its status. */
const operationEnd = async ({ url }: LifeboatProcess, data: string, location: string): Promise<number> => {
  const { pathname, search } = new URL(location);
  for (;;) {
    const { status } = await fetch(`${url}${pathname}${search}`, { headers: bearer(data) });
    if (status !== 202) return status;
    await pause(50);
  }
};

describeWith("unzip", hasCommand("unzip"), "a data folder of an earlier version", () => {
  it.each(versions)("of %s opens, tells what it holds, restores it and goes on with it", async (version) => {
    const folder = folderOf(version);
    const data = join(folder, "data");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    execFileSync("unzip", ["-q", join(fixtures, `${version}.zip`), "-d", folder]);

    const service = await startLifeboat({ data, flags: ["--tls-port", "0"] });
    expect(service.url, service.output()).not.toBe("");
    const client = serviceClient(service.url, bearer(data), "example");
    const before = await client.backups();
    expect(before.map(({ status }) => status)).toEqual(["Succeeded", "Succeeded", "Failed"]);
    const configuration = await client.ask("GET", "/config/backup");
    expect(configuration.body["properties"]).toMatchObject({ backupSchedule: { retentionPeriodInDays: 30 } });

    const post = async (path: string, properties: object): Promise<number> => {
      const { status, body, headers } = await client.ask("POST", path, { properties });
      expect(status, JSON.stringify(body)).toBe(202);
      return operationEnd(service, data, headers.get("location") ?? "");
    };
    for (const { id } of before.slice(0, 2)) expect(await post(`/backups/${id}/verify`, {})).toBe(200);
    expect(await post("/restoreFromBackupBlob", { blobName: "second.zip", overwrite: true })).toBe(200);
    expect(readFileSync(join(data, "www/example/site/wwwroot/changed.txt"), "utf8")).toBe("changed\n");

    const made = await client.ask("POST", "/backup", { properties: { backupName: "after" } });
    const after = await finished(client, made.body["properties"]?.["id"] ?? 0);
    expect(after).toMatchObject({ status: "Succeeded", blobName: "after.zip" });
    expect(existsSync(join(data, "backups/example/after.zip"))).toBe(true);
    expect(service.output()).not.toMatch(/error|failed/i);
  });
});
