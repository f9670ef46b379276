import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { serviceClient, type ServiceClient } from "../support/service-client.ts";
import { canMount, smallDisk, type SmallDisk } from "../support/small-disk.ts";

const path =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Web/sites/shop/config/backup";

interface Configuration {
  readonly properties: { readonly backupSchedule: { readonly retentionPeriodInDays: number } };
}

describeWith("mount", canMount, "a disk that gets full while Lifeboat runs", () => {
  let disk: SmallDisk;
  let data: string;
  let site: string;
  beforeEach(() => {
    disk = smallDisk(8);
    data = join(disk.folder, "data");
    site = mkdtempSync(join(tmpdir(), "lifeboat-shop-"));
    mkdirSync(join(data, "sites"), { recursive: true });
    writeFileSync(join(data, "sites", "shop.json"), JSON.stringify({ home: site }));
  });
  afterEach(async () => {
    await killAll();
    disk.remove();
    rmSync(site, { recursive: true });
  });

  const ask = ({ url }: LifeboatProcess, method: string, at: string, body?: string): Promise<Response> =>
    fetch(`${url}${at}?api-version=2025-05-01`, {
      method,
      headers: { ...bearer(data), "content-type": "application/json" },
      ...(body === undefined ? {} : { body }),
    });

  const put = (lifeboat: LifeboatProcess, retentionPeriodInDays: number): Promise<Response> => {
    const backupSchedule = {
      frequencyInterval: 1,
      frequencyUnit: "Day",
      keepAtLeastOneBackup: true,
      retentionPeriodInDays,
      startTime: "2099-01-01T00:00:00Z",
    };
    const storageAccountUrl = pathToFileURL(join(data, "backups", "shop")).href;
    return ask(lifeboat, "PUT", path, JSON.stringify({ properties: { storageAccountUrl, backupSchedule } }));
  };

  const kept = async (lifeboat: LifeboatProcess): Promise<number> => {
    const answer = (await (await ask(lifeboat, "POST", `${path}/list`)).json()) as Configuration; // As it was put.
    return answer.properties.backupSchedule.retentionPeriodInDays;
  };

  /** Puts configurations until one is refused: the log may have some room left in its last block. */
  const putUntilRefused = async (
    lifeboat: LifeboatProcess,
  ): Promise<{ readonly acknowledged: number; readonly refused: Response }> => {
    for (let days = 1; days < 1_000; days++) {
      const answer = await put(lifeboat, days);
      if (!answer.ok) return { acknowledged: days - 1, refused: answer };
      if (days === 3) disk.fill();
    }
    throw new Error("Nothing was refused.");
  };

  it("is told with a 503, what was acknowledged stays, and writes go on once there is room", async () => {
    const lifeboat = await startLifeboat({ data });
    const { acknowledged, refused } = await putUntilRefused(lifeboat);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { message: expect.stringMatching(/is full/) } });
    expect(acknowledged).toBeGreaterThanOrEqual(3);
    expect(await kept(lifeboat)).toBe(acknowledged);
    expect((await ask(lifeboat, "GET", "/healthz")).status).toBe(200);
    disk.empty();
    expect((await put(lifeboat, 1_000)).status).toBe(200);
    expect(await kept(lifeboat)).toBe(1_000);
    expect(lifeboat.output()).not.toMatch(/^\s+at /m);
  });

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "costs nothing that was acknowledged when %s ends it then",
    async (signal) => {
      const first = await startLifeboat({ data });
      const { acknowledged } = await putUntilRefused(first);
      first.child.kill(signal);
      expect(await first.ended).toBe(signal === "SIGTERM" ? 0 : null);
      expect(first.output()).not.toMatch(/^\s+at /m);
      disk.empty();
      const second = await startLifeboat({ data });
      expect(await kept(second)).toBe(acknowledged);
      expect((await put(second, 1_000)).status).toBe(200);
    },
  );
});

/** Does not get smaller. */
const noise = (megabytes: number): Buffer => randomBytes(megabytes * 1_000_000);

describeWith("mount", canMount, "a backup to a disk that is too small for it", () => {
  let disk: SmallDisk;
  let site: string;
  const data = (): string => join(disk.folder, "data");
  const free = (): number => {
    const { bavail, bsize } = statfsSync(disk.folder);
    return bavail * bsize;
  };
  const begin = (megabytes: number): void => {
    disk = smallDisk(megabytes);
    site = mkdtempSync(join(tmpdir(), "lifeboat-shop-"));
    mkdirSync(join(data(), "sites"), { recursive: true });
    writeFileSync(join(data(), "sites", "shop.json"), JSON.stringify({ wwwroot: site }));
  };
  afterEach(async () => {
    await killAll();
    disk.remove();
    rmSync(site, { recursive: true });
  });
  const clientOf = ({ url }: LifeboatProcess): ServiceClient => serviceClient(url, bearer(data()), "shop");

  it("fails at once with the disk's name, gives back all the room, and the next one works once there is some", async () => {
    begin(24);
    // Whoever plans it cannot be sure that it does not fit.
    writeFileSync(join(site, "video.bin"), noise(20));
    const lifeboat = await startLifeboat({ data: data() });
    const client = clientOf(lifeboat);
    disk.fill(17_000_000);
    const before = free();
    expect((await client.ask("POST", "/backup", {})).status).toBe(200);
    const failed = await client.ended(1);
    expect(failed.status).toBe("Failed");
    expect(failed.log).toMatch(
      /^Writing shop_\d+\.zip to .*shop failed \(ENOSPC\), and what the backup had written was removed\. The disk of .*shop has 1[67]\.\d MB free, up to 20\.0 MB are needed\. Free some space/,
    );
    // The catalogs' own logs have grown.
    expect(before - free()).toBeLessThan(1_500_000);
    disk.empty();
    expect((await client.ask("POST", "/backup", {})).status).toBe(200);
    expect(await client.ended(2)).toMatchObject({ status: "Succeeded" });
    expect(lifeboat.output()).not.toMatch(/^\s+at |runs\.db is full/m);
  });

  it("leaves people the room to delete a backup", async () => {
    begin(96);
    writeFileSync(join(site, "video.bin"), noise(8));
    const lifeboat = await startLifeboat({ data: data() });
    const client = clientOf(lifeboat);
    await expect.poll(() => existsSync(join(data(), "reserve")), { timeout: 60_000, interval: 100 }).toBe(true);
    await client.ask("POST", "/backup", {});
    expect(await client.ended(1)).toMatchObject({ status: "Succeeded" });
    disk.fill();
    const remove = async (): Promise<number> => (await client.ask("DELETE", "/backups/1")).status;
    await expect.poll(remove, { timeout: 60_000, interval: 200 }).toBe(200);
    await expect.poll(free, { timeout: 60_000, interval: 100 }).toBeGreaterThan(8_000_000);
    expect(lifeboat.output()).toMatch(/the room kept in reserve was given up/);
    expect(existsSync(join(data(), "reserve"))).toBe(false);
  });

  it("is given up after a kill when the disk was filled meanwhile, and what it had staged makes the room to say so", async () => {
    // Too small to keep a reserve on: what takes room is the backup alone.
    begin(60);
    // Half as large deflated, which takes long enough for the kill to come in the middle.
    writeFileSync(join(site, "digits.txt"), noise(16).toString("hex"));
    const first = await startLifeboat({ data: data() });
    const before = free();
    expect((await clientOf(first).ask("POST", "/backup", {})).status).toBe(200);
    while (before - free() < 4_000_000) await new Promise(setImmediate);
    first.child.kill("SIGKILL");
    await first.ended;
    const kept = before - free();
    disk.fill();
    const second = await startLifeboat({ data: data() });
    const client = clientOf(second);
    const failed = await client.ended(1);
    expect(failed).toMatchObject({
      status: "Failed",
      log: expect.stringMatching(/what the backup had written was removed\. The disk of .* has \d+\.\d MB free/),
    });
    expect(free()).toBeGreaterThan(kept - 2_000_000);
    expect(second.output().match(/runs\.db is full.* Trying again/g)).toHaveLength(1);
    expect(second.output()).not.toMatch(/^\s+at /m);
    disk.empty();
    expect((await client.ask("POST", "/backup", {})).status).toBe(200);
    expect(await client.ended(2)).toMatchObject({ status: "Succeeded" });
  });
});
