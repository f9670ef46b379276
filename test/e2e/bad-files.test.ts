import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
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

  it.each([
    ["lifeboat.db", "runs.db", /runs\.db is a database, but not of orchestrations/],
    ["runs.db", "lifeboat.db", /lifeboat\.db is a database, but not a catalog/],
  ])("notices %s copied over %s, and leaves it as it is", async (from, to, reason) => {
    await used();
    for (const suffix of ["", "-wal"]) {
      const [source, target] = [join(data, `${from}${suffix}`), join(data, `${to}${suffix}`)];
      if (existsSync(source)) copyFileSync(source, target);
      else rmSync(target, { force: true });
    }
    expectRefusal(await start(), reason);
    expectRefusal(await start(), reason);
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

describeWith("Linux", process.platform === "linux", "a start where no folder can be made", () => {
  it("says so and ends", async () => {
    expectRefusal(await start({ data: "/proc/lifeboat/data" }), /The data folder \S+ cannot be used: ENOENT.*--data/);
  });

  it.each([
    { what: "The data folder", at: "/proc/lifeboat", sites: "sites", www: "www", flag: "--data" },
    { what: "The folder of site files", at: "data", sites: "/proc/lifeboat", www: "www", flag: "--sites" },
    { what: "The folder of new sites", at: "data", sites: "sites", www: "/proc/lifeboat", flag: "--sites-root" },
  ])("says so and ends where $what alone lies there", async ({ what, at, sites, www, flag }) => {
    const environment = { LIFEBOAT_SITES: resolve(folder, sites), LIFEBOAT_SITES_ROOT: resolve(folder, www) };
    expectRefusal(
      await start({ data: resolve(folder, at), environment }),
      new RegExp(`${what} /proc/lifeboat cannot be used: ENOENT.*'/proc/lifeboat.*with ${flag} \\(`),
    );
  });
});

describe("a start with flags", () => {
  it("names one that is wrong, and the one that was meant", async () => {
    expectRefusal(await start({ flags: ["--prot", "1"] }), /--prot: no such flag\. Did you mean --port\?/);
  });

  it("tells them all when asked for help, and starts nothing", async () => {
    const { code, output, url } = await start({ flags: ["--help"] });
    expect({ code, url }).toEqual({ code: 0, url: "" });
    expect(output()).toMatch(/--site-roots/);
    expect(existsSync(data)).toBe(false);
  });
});

describe("a start on a port that is taken", () => {
  it("names the port, and leaves the data folder free", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    expectRefusal(
      await start({ flags: ["--port", port] }),
      new RegExp(
        `Port ${port} on 127\\.0\\.0\\.1 is in use\\..* --port \\(LIFEBOAT_PORT\\) sets it\\. .*: npx lifeboat status --data `,
      ),
    );
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
