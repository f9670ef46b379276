import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTableCatalog } from "../../src/adapters/catalog/table.ts";
import { createRecoveryKey } from "../../src/adapters/secrets/recovery-key.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { SiteId } from "../../src/domain/site.ts";
import { readBackup } from "../../src/operations/rows/backup-rows.ts";
import { readHubBeats } from "../../src/operations/rows/hub-rows.ts";
import { readOpenRuns } from "../../src/operations/rows/open-run-rows.ts";
import { readOperation } from "../../src/operations/rows/operation-rows.ts";
import { readSiteRow } from "../../src/operations/rows/site-row.ts";
import type { Catalog } from "../../src/ports/catalog.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { runTimer } from "../support/run-timer.ts";
import { serviceClient } from "../support/service-client.ts";

const shop: SiteId = { subscription: "00000000-0000-0000-0000-000000000000", resourceGroup: "local", name: "shop" };
const headers = { authorization: "Bearer bootstrap-key-of-a-take-over" };
const untilSeen = { timeout: 120_000, interval: 20 } as const;

interface Service extends LifeboatProcess {
  readonly data: string;
  readonly client: ReturnType<typeof serviceClient>;
}

describeWith("azurite", azuritePresent, "a process that stands still in the middle of a run", () => {
  const folder = temporaryFolder();
  const content = join(folder.path, "shop", "site", "wwwroot");
  let azurite: Azurite;
  let catalog: Catalog;
  let one: Service;
  let other: Service;

  beforeAll(async () => {
    azurite = await startAzurite({ tables: true });
    mkdirSync(join(folder.path, "backups"));
    mkdirSync(join(folder.path, "sites"), { mode: 0o700 });
    mkdirSync(content, { recursive: true });
    for (let file = 0; file < 24; file++) writeFileSync(join(content, `file-${file}`), randomBytes(2 ** 20));
    writeFileSync(join(folder.path, "sites", "shop.json"), JSON.stringify({ home: join(folder.path, "shop") }));
    const environment = {
      LIFEBOAT_TABLES: azurite.connectionString,
      LIFEBOAT_SCRATCH: azurite.connectionString,
      LIFEBOAT_ALLOW_HTTP_STORAGE: "true",
      LIFEBOAT_SEALING_KEYS: `k1:${randomBytes(32).toString("base64")}`,
      LIFEBOAT_RECOVERY_KEY: createRecoveryKey().text.reveal(),
      LIFEBOAT_BOOTSTRAP_KEY: headers.authorization.replace("Bearer ", ""),
      LIFEBOAT_SITES: join(folder.path, "sites"),
      LIFEBOAT_FILE_ROOTS: join(folder.path, "backups"),
      LIFEBOAT_DESTINATION: `file://${join(folder.path, "backups")}/{site}`,
      NODE_OPTIONS: ["clock-ahead", "stand-still"]
        .map((name) => `--import=${pathToFileURL(`test/support/${name}.mjs`).href}`)
        .join(" "),
    };
    const start = async (name: string, standsStillAt: readonly string[] = []): Promise<Service> => {
      const data = join(folder.path, name);
      const own = { ...environment, STAND_STILL_AT: standsStillAt.join() };
      const service = await startLifeboat({ data, flags: ["--tls-port", "off"], environment: own });
      expect(service.url, service.output()).not.toBe("");
      return { ...service, data, client: serviceClient(service.url, headers, "shop") };
    };
    one = await start("one", ["backup sealed", "archive checked"]);
    other = await start("other");
    catalog = await openTableCatalog({ connection: new Secret(azurite.connectionString), table: "lifeboat" });
  });
  afterAll(async () => {
    await catalog.close();
    await killAll();
    await azurite.stop();
    folder.remove();
  });

  /** A process looks at the runs once a minute, until it takes over the one that stands still. */
  const untilTakenOver = async ({ url, data, child }: Service, run: string): Promise<void> => {
    const hub = readFileSync(join(data, "hub"), "utf8").trim();
    const beat = async (): Promise<number> => (await readHubBeats(catalog)).get(hub) ?? 0;
    for (let minute = 0; (await readSiteRow(catalog, shop)).run?.id === run; minute++) {
      expect(minute, "a quarter of an hour is enough").toBeLessThan(30);
      const before = await beat();
      child.kill("SIGUSR2");
      await runTimer(url, data, "zHousekeeping");
      await expect.poll(beat, untilSeen).toBeGreaterThan(before + 50_000);
    }
  };

  /** Asks for a backup or restore, until the process has said so and stands still; answers the run that stands still. */
  const standingAt = async (service: Service, says: string, ask: () => Promise<void>): Promise<string> => {
    const { length } = service.output();
    await ask();
    await expect.poll(() => service.output().slice(length), untilSeen).toContain(says);
    const { run } = await readSiteRow(catalog, shop);
    if (run === undefined) throw new Error("It was over before it stood still.");
    return run.id;
  };

  const backedUp = async (service: Service, { by, id }: { readonly by: Service; readonly id: number }) => {
    const ask = async (): Promise<void> => {
      writeFileSync(join(content, "index.html"), `of backup ${id}`);
      expect((await by.client.ask("POST", "/backup", { properties: { backupName: `nightly-${id}` } })).status).toBe(
        200,
      );
    };
    const old = await standingAt(by, "backup sealed", ask);
    const { epoch } = await readSiteRow(catalog, shop);
    await untilTakenOver(service, old);
    const status = async () => (await readBackup(catalog, shop, id))?.backup.status;
    await expect.poll(status, untilSeen).toBe("Succeeded");
    by.child.kill("SIGCONT");
    await expect.poll(by.output, untilSeen).toMatch(new RegExp(`another has its site.*${old}`));
    expect(await readSiteRow(catalog, shop)).toMatchObject({ epoch: epoch + 2 });
    expect((await readBackup(catalog, shop, id))?.backup).toMatchObject({ status: "Succeeded", formerRuns: [old] });
    const names = readdirSync(join(folder.path, "backups", "shop")).filter((name) => !name.startsWith("."));
    expect(names.filter((name) => name.includes(`-${id}.`)).toSorted()).toEqual([
      `nightly-${id}.xml`,
      `nightly-${id}.zip`,
    ]);
    const verified = await service.client.ask("POST", `/backups/${id}/verify`, {});
    expect(verified.status, JSON.stringify(verified.body)).toBeLessThan(300);
    await expect.poll(() => readOpenRuns(catalog), untilSeen).toEqual([]);
  };

  it("has lost the site for good when another made the backup meanwhile", async () => {
    await backedUp(other, { by: one, id: 1 });
  });

  it("has lost the site for good when another brought the site back meanwhile", async () => {
    for (let file = 0; file < 24; file++) writeFileSync(join(content, `file-${file}`), "hacked");
    writeFileSync(join(content, "index.html"), "hacked");
    const old = await standingAt(one, "archive checked", async () => {
      const asked = await one.client.ask("POST", "/backups/1/restore", { properties: { overwrite: true } });
      expect(asked.status, JSON.stringify(asked.body)).toBe(202);
    });
    const operation = (await readSiteRow(catalog, shop)).run?.operation ?? "";
    await untilTakenOver(other, old);
    const ended = async () => (await readOperation(catalog, shop, operation))?.operation;
    await expect.poll(async () => (await ended())?.status, untilSeen).toBe("Succeeded");
    one.child.kill("SIGCONT");
    await expect.poll(one.output, untilSeen).toMatch(new RegExp(`another has its site.*${old}`));
    expect(await ended()).toMatchObject({ status: "Succeeded", formerRuns: [old] });
    expect(readFileSync(join(content, "index.html"), "utf8")).toBe("of backup 1");
    expect(readFileSync(join(content, "file-0")).length).toBe(2 ** 20);
    expect(readdirSync(content)).not.toContain("app_offline.htm");
    await expect.poll(() => readOpenRuns(catalog), untilSeen).toEqual([]);
  });
});
