import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
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
