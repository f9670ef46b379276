import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { serviceClient, type ServiceClient } from "../support/service-client.ts";
import { canMount, smallDisk, type SmallDisk } from "../support/small-disk.ts";

describeWith("mount", canMount, "a restore on the disk that holds the data folder too", () => {
  let disk: SmallDisk;
  let elsewhere: string;
  let service: LifeboatProcess;
  let client: ServiceClient;
  const site = (): string => join(disk.folder, "shop");
  const data = (): string => join(disk.folder, "data");
  const signal = (name: string): string => join(elsewhere, name);
  const timeout = { timeout: 90_000, interval: 50 };

  beforeEach(async () => {
    disk = smallDisk(48);
    elsewhere = mkdtempSync(join(tmpdir(), "lifeboat-stop-"));
    for (const folder of [site(), join(data(), "sites")]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(site(), "video.mp4"), randomBytes(8_000_000));
    // It lasts until the test lets it end, or is over.
    const stop = `touch ${signal("stopping")}; while [ -d ${elsewhere} ] && [ ! -e ${signal("go")} ]; do sleep 0.05; done`;
    const start = `touch ${signal("started")}`;
    writeFileSync(join(data(), "sites", "shop.json"), JSON.stringify({ wwwroot: site(), stop, start }));
    service = await startLifeboat({ data: data() });
    client = serviceClient(service.url, bearer(data()), "shop");
    await client.ask("POST", "/backup", {});
    expect(await client.ended(1)).toMatchObject({ status: "Succeeded" });
    writeFileSync(join(site(), "video.mp4"), "hacked");
  });
  afterEach(async () => {
    await killAll();
    disk.remove();
    rmSync(elsewhere, { recursive: true });
  });

  const restore = (): Promise<string> => client.begin("/backups/1/restore", { overwrite: true });
  const isUntouched = (): void => {
    expect(readFileSync(join(site(), "video.mp4"), "utf8")).toBe("hacked");
    expect(readdirSync(site())).toEqual(["video.mp4"]);
    expect(readdirSync(disk.folder).filter((name) => name.startsWith(".lifeboat"))).toEqual([]);
  };

  it("is refused at planning when what changes has no room, and nothing is touched", async () => {
    disk.fill(4_000_000);
    const { status, log } = await client.operationEnded(await restore());
    expect(status).toBe("Failed");
    expect(log).toMatch(
      /^The disk of .*shop has \d\.\d MB free, and the restore needs 9\.\d MB to stage what changes\./,
    );
    isUntouched();
    expect(existsSync(signal("stopping"))).toBe(false);
    disk.empty();
    writeFileSync(signal("go"), "");
    expect(await client.operationEnded(await restore())).toMatchObject({ status: "Succeeded" });
  });

  it("is given up when the disk becomes so full that no run can go on, and what was staged makes the room", async () => {
    const id = await restore();
    await expect.poll(() => existsSync(signal("stopping")), timeout).toBe(true);
    disk.fill();
    writeFileSync(signal("go"), "");
    const { status, log } = await client.operationEnded(id);
    expect(status).toBe("Failed");
    // Whoever notices it first: the step that was at work, or the look at the disk.
    expect(log).toMatch(
      /^(?:The catalog .* cannot be written \(SQLITE_FULL\)|Lifeboat could not write down how its runs go on); what was staged was removed, the site is as it was\. The disk of .*data has \d\.\d MB free, more is needed\./,
    );
    isUntouched();
    expect(existsSync(signal("started")), "the site is started again").toBe(true);
    const { bavail, bsize } = statfsSync(disk.folder);
    expect(bavail * bsize).toBeGreaterThan(6_000_000);
    disk.empty();
    expect(await client.operationEnded(await restore())).toMatchObject({ status: "Succeeded" });
  });
});
