import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  bearer,
  canMindFileModes,
  expectRefusal,
  killAll,
  startLifeboat,
  type StartOptions,
} from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { canMount, smallDisk, type SmallDisk } from "../support/small-disk.ts";

let folder: string;
let data: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-bad-"));
  data = join(folder, "data");
});
afterEach(async () => {
  await killAll();
  rmSync(folder, { recursive: true, force: true });
});

const start = (more: Partial<StartOptions> = {}) => startLifeboat({ data, ...more });

/** A data folder as an orderly end leaves it. */
const used = async (): Promise<void> => {
  const { child, ended } = await start();
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
};

/** As a dying disk or a wrong copy would leave it, whatever lies beside it. */
const damage = (file: string): void => {
  rmSync(`${file}-wal`, { force: true });
  writeFileSync(file, Buffer.alloc(20_000, "not what belongs here. "));
};

describe("a start on a data folder with a damaged file", () => {
  it.each([
    ["runs.db", /runs\.db is damaged/],
    ["lifeboat.db", /lifeboat\.db is damaged/],
    ["admin-key", /key file .*admin-key does not hold/],
    ["recovery-key", /recovery-key cannot be used/],
    ["sealing-keys", /sealing-keys is not base64 of 32 bytes/],
    [join("keys", "host.json"), /host\.json is not valid JSON/],
  ])("names %s and ends", async (name, reason) => {
    await used();
    damage(join(data, name));
    const before = readFileSync(join(data, name));
    expectRefusal(await start(), reason);
    expect(readFileSync(join(data, name))).toEqual(before);
  });

  it("names runs.db when only its middle is damaged", async () => {
    await used();
    const bytes = readFileSync(join(data, "runs.db"));
    bytes.fill(0x55, 4096);
    writeFileSync(join(data, "runs.db"), bytes);
    expectRefusal(await start(), /runs\.db is damaged/);
  });

  it.each(["runs.db", "lifeboat.db"])("names %s when it is a folder", async (name) => {
    mkdirSync(join(data, name), { recursive: true });
    expectRefusal(await start(), new RegExp(`${name.replace(".", "\\.")} cannot be`));
  });
});

describeWith("setpriv", canMindFileModes, "a start where it may not write", () => {
  afterEach(() => chmodSync(folder, 0o700));

  it.each([
    ["runs.db", /runs\.db cannot be opened for writing/],
    ["lifeboat.db", /lifeboat\.db cannot be written/],
  ])("names a %s that is read-only", async (name, reason) => {
    await used();
    chmodSync(join(data, name), 0o400);
    expectRefusal(await start({ minding: "file modes" }), reason);
  });

  it("names the data folder's file when the folder is read-only", async () => {
    await used();
    chmodSync(data, 0o500);
    const refused = await start({ minding: "file modes" });
    chmodSync(data, 0o700);
    expectRefusal(refused, /runs\.db cannot be opened for writing/);
  });

  it("names a data folder that cannot be made", async () => {
    chmodSync(folder, 0o500);
    expectRefusal(await start({ minding: "file modes" }), /The data folder .* cannot be used: EACCES/);
  });
});

describe("a start on a port that is taken", () => {
  it("names the port, and leaves the data folder free", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    expectRefusal(await start({ flags: ["--port", port] }), new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use`));
    other.close();
    expect((await start()).url).not.toBe("");
  });
});

describeWith("mount", canMount, "a start on a full disk", () => {
  let disk: SmallDisk;
  beforeEach(() => (disk = smallDisk(4)));
  afterEach(() => disk.remove());

  it.each([0, 4096, 20_000, 60_000])(
    "with %i bytes left says that it is full, and works once there is room",
    async (left) => {
      disk.fill(left);
      const full = { data: join(disk.folder, "data") };
      expectRefusal(await startLifeboat(full), /is full|no space left/i);
      disk.empty();
      expect((await startLifeboat(full)).url).not.toBe("");
    },
  );
});

describeWith("mount", canMount, "a start on a disk that is mounted read-only", () => {
  let disk: SmallDisk;
  beforeEach(() => (disk = smallDisk(8)));
  afterEach(async () => {
    await killAll();
    disk.remove();
  });

  it("names what cannot be written, on a data folder in use and on a new one", async () => {
    const old = join(disk.folder, "data");
    const { child, ended } = await startLifeboat({ data: old });
    child.kill("SIGTERM");
    await ended;
    disk.makeReadOnly();
    expectRefusal(await startLifeboat({ data: old }), /runs\.db cannot be opened for writing/);
    expectRefusal(await startLifeboat({ data: join(disk.folder, "new") }), /The data folder .*new cannot be used/);
  });
});

describeWith("mount", canMount, "a disk that gets full while Lifeboat runs", () => {
  let disk: SmallDisk;
  beforeEach(() => (disk = smallDisk(8)));
  afterEach(() => disk.remove());

  const path =
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Web/sites/shop/config/backup";
  const configuration = (retentionPeriodInDays: number): string =>
    JSON.stringify({
      properties: {
        storageAccountUrl: pathToFileURL(join(disk.folder, "data", "backups", "shop")).href,
        backupSchedule: {
          frequencyInterval: 1,
          frequencyUnit: "Day",
          keepAtLeastOneBackup: true,
          retentionPeriodInDays,
          startTime: "2026-01-01T00:00:00Z",
        },
      },
    });

  it("is told with a 503, what was acknowledged stays, and writes go on once there is room", async () => {
    const full = join(disk.folder, "data");
    mkdirSync(join(full, "sites"), { recursive: true });
    mkdirSync(join(folder, "shop"));
    writeFileSync(join(full, "sites", "shop.json"), JSON.stringify({ home: join(folder, "shop") }));
    const { url, child, ended, output } = await startLifeboat({ data: full });
    const ask = (method: string, at: string, body?: string): Promise<Response> =>
      fetch(`${url}${at}?api-version=2025-05-01`, {
        method,
        headers: { ...bearer(full), "content-type": "application/json" },
        ...(body === undefined ? {} : { body }),
      });
    const kept = async (): Promise<unknown> => {
      const answer = (await (await ask("POST", `${path}/list`)).json()) as Configuration;
      return answer.properties.backupSchedule.retentionPeriodInDays;
    };
    let acknowledged = 1;
    expect((await ask("PUT", path, configuration(acknowledged))).status).toBe(200);
    disk.fill();
    // The log may have some room left in its last block.
    const refused = await firstRefusal(async () => {
      const answer = await ask("PUT", path, configuration(acknowledged + 1));
      if (answer.ok) acknowledged++;
      return answer;
    });
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { message: expect.stringMatching(/is full/) } });
    expect(await kept()).toBe(acknowledged);
    expect((await ask("GET", "/healthz")).status).toBe(200);
    disk.empty();
    expect((await ask("PUT", path, configuration(100))).status).toBe(200);
    expect(await kept()).toBe(100);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(output()).not.toMatch(/^\s+at /m);
  });
});

interface Configuration {
  readonly properties: { readonly backupSchedule: { readonly retentionPeriodInDays: number } };
}

const firstRefusal = async (attempt: () => Promise<Response>): Promise<Response> => {
  for (let tries = 0; tries < 1_000; tries++) {
    const answer = await attempt();
    if (!answer.ok) return answer;
  }
  throw new Error("Nothing was refused.");
};
