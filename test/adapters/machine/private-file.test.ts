import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRecoveryFolder } from "../../../src/adapters/secrets/recovery-folder.ts";
import { localSites } from "../../../src/adapters/sites/local-sites.ts";
import { Secret } from "../../../src/domain/secret.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "lifeboat-private-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As drives do that virtual machines share with their hosts. */
const flushingNoFolders = async (work: () => Promise<void>): Promise<void> => {
  const real = fs.open;
  fs.open = async (path, ...rest) => {
    const handle = await real(path, ...rest);
    if ((await handle.stat()).isDirectory())
      handle.sync = () =>
        Promise.reject(Object.assign(new Error("EINVAL: invalid argument, fsync"), { code: "EINVAL" }));
    return handle;
  };
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    fs.open = real;
    syncBuiltinESMExports();
  }
};

describe("a file system that flushes no folders", () => {
  it("takes the keys of an installation", async () => {
    await flushingNoFolders(async () => void (await openRecoveryFolder(folder)));
    expect(readdirSync(folder).toSorted()).toEqual(["recovery-key", "recovery-key.pub"]);
  });

  it("takes sites and their settings", async () => {
    writeFileSync(join(folder, "shop.json"), JSON.stringify({ home: "/srv/shop" }));
    const shop = { subscription: "00000000-0000-0000-0000-000000000000", resourceGroup: "local", name: "shop" };
    const sites = localSites({ folder, sitesRoot: join(folder, "www"), warn: () => undefined });
    await flushingNoFolders(async () => {
      const { settings } = await sites.local(shop);
      await settings.write({ appSettings: { A: new Secret("1") }, connectionStrings: {} }, async () => undefined);
      await sites.create({ ...shop, name: "blog" });
    });
    expect(readFileSync(join(folder, "shop.json"), "utf8")).toContain('"A": "1"');
    expect(existsSync(join(folder, "blog.json"))).toBe(true);
    expect(statSync(join(folder, "blog.json")).mode & 0o777).toBe(0o600);
  });
});
