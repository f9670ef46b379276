import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { localSites } from "../../../src/adapters/sites/local-sites.ts";
import { Secret } from "../../../src/domain/secret.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-sites-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("settings are kept from a write that stood still in another process, and from one that is not to be any more", async () => {
  const shop = { subscription: "00000000-0000-0000-0000-000000000000", resourceGroup: "LOCAL", name: "shop" };
  const places = { folder, sitesRoot: join(folder, "www"), warn: () => undefined };
  writeFileSync(join(folder, "shop.json"), JSON.stringify({ home: "/srv/shop", appSettings: { A: "1" } }));
  writeFileSync(join(folder, ".shop.json.swp"), "an editor's");
  const settingsOf = (value: string) => ({ appSettings: { A: new Secret(value) }, connectionStrings: {} });
  const { settings } = await localSites(places).local(shop);
  // One process orders its own writes, so another one is needed here.
  vi.resetModules();
  const other = await import("../../../src/adapters/sites/local-sites.ts");
  const theirs = (await other.localSites(places).local(shop)).settings;
  const late = settings.write(settingsOf("late"), () => theirs.write(settingsOf("2"), async () => undefined));
  await expect(late).rejects.toThrow("shop.json was changed by another process meanwhile.");
  const lost = settings.write(settingsOf("lost"), () => Promise.reject(new Error("Not any more.")));
  await expect(lost).rejects.toThrow("Not any more.");
  expect(JSON.parse(readFileSync(join(folder, "shop.json"), "utf8"))).toMatchObject({ appSettings: { A: "2" } });
  expect(readdirSync(folder).toSorted()).toEqual([".shop.json.swp", "shop.json"]);
});
