import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { bearer, canMindFileModes, killAll, startLifeboat } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { serviceClient, type ServiceClient } from "../support/service-client.ts";

describeWith("setpriv", canMindFileModes, "a backup with folders that their owner may only read", () => {
  let folder: string;
  let site: string;
  let client: ServiceClient;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "lifeboat-closed-"));
    site = join(folder, "shop");
    const data = join(folder, "data");
    mkdirSync(join(site, "settings", "inner"), { recursive: true });
    mkdirSync(join(data, "sites"), { recursive: true });
    writeFileSync(join(data, "sites", "shop.json"), JSON.stringify({ wwwroot: site }));
    const service = await startLifeboat({ data, minding: "file modes" });
    client = serviceClient(service.url, bearer(data), "shop");
  });
  afterEach(async () => {
    await killAll();
    open();
    rmSync(folder, { recursive: true });
  });

  const folders = ["", "settings", "settings/inner"];
  const open = () => folders.forEach((name) => chmodSync(join(site, name), 0o755));
  const close = () => folders.toReversed().forEach((name) => chmodSync(join(site, name), 0o555));

  const tree = (): Record<string, string> => {
    const found: Record<string, string> = {};
    for (const name of ["", ...readdirSync(site, { recursive: true, encoding: "utf8" })]) {
      const stat = lstatSync(join(site, name));
      const content = stat.isFile() ? readFileSync(join(site, name), "utf8") : "/";
      found[name] = `${(stat.mode & 0o777).toString(8)} ${Math.floor(stat.mtimeMs)} ${content}`;
    }
    return found;
  };

  const timeout = { timeout: 60_000, interval: 50 };
  const run = async (path: string, body: unknown): Promise<void> => {
    const { headers } = await client.ask("POST", path, body);
    const id = /operationresults\/([^?]+)/.exec(headers.get("location") ?? "")?.[1] ?? expect.unreachable();
    const ended = async () => (await client.ask("GET", `/operations/${id}`)).body["properties"];
    await expect.poll(ended, timeout).toMatchObject({ status: expect.not.stringContaining("InProgress") });
    expect(await ended()).toMatchObject({ status: "Succeeded", half: false });
  };

  it("is restored by a service that minds modes, with no page left in front, and the restore can be undone", async () => {
    for (const name of ["a", "settings/b", "settings/inner/c"]) writeFileSync(join(site, name), "backed up");
    close();
    const backedUp = tree();
    await client.ask("POST", "/backup", {});
    await expect.poll(async () => (await client.backups())[0]?.status, timeout).toBe("Succeeded");
    open();
    writeFileSync(join(site, "a"), "changed");
    rmSync(join(site, "settings", "b"));
    rmSync(join(site, "settings", "inner"), { recursive: true });
    mkdirSync(join(site, "settings", "inner"));
    writeFileSync(join(site, "settings", "inner", "new"), "new");
    const changed = tree();

    await run("/backups/1/restore", { properties: { overwrite: true } });
    expect(tree()).toEqual(backedUp);
    await run("/undo", {});
    expect(tree()).toEqual(changed);
  });
});
