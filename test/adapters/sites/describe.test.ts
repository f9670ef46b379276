import { mkdirSync, symlinkSync, writeFileSync, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { localSites } from "../../../src/adapters/sites/local-sites.ts";
import { localGroup } from "../../../src/adapters/sites/site-file.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { temporaryFolder } from "../../support/file-tree.ts";

const folders: { readonly remove: () => void }[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

const machine = () => {
  const folder = temporaryFolder();
  folders.push(folder);
  const at = (...names: string[]): string => join(folder.path, ...names);
  for (const name of ["data/sites", "srv/shop/site/wwwroot", "srv/uploads", "elsewhere"])
    mkdirSync(at(name), { recursive: true });
  const warnings: string[] = [];
  const sites = localSites({
    folder: at("data", "sites"),
    sitesRoot: at("data", "www"),
    siteRoots: [at("srv")],
    dataFolder: at("data"),
    warn: (message) => void warnings.push(message),
  });
  return { at, sites, warnings };
};

const shop = { ...localGroup, name: "shop" };
const staging = { ...shop, slot: "staging" };

describe("describing a site", () => {
  it("makes a private file for directories that are there, and tells where they lie", async () => {
    const { at, sites } = machine();
    const description = { home: at("srv/shop"), directories: { uploads: at("srv/uploads") } };
    expect(await sites.describe(shop, description)).toMatchObject({ id: shop });
    expect(await sites.describedAs(shop)).toEqual(description);
    expect(statSync(at("data/sites/shop.json")).mode & 0o777).toBe(0o600);
    expect(await sites.list()).toHaveLength(1);
  });

  it.each([shop, staging])("keeps the settings of a new site in its file, for its host to read: $slot", async (id) => {
    const { at, sites } = machine();
    if (id !== shop) await sites.describe(shop, { home: at("srv/shop") });
    const appSettings = { MODE: new Secret("planted mode") };
    const connectionStrings = { main: { value: new Secret("mysql://u:planted@h/d"), type: "Custom" } };
    const wwwroot = at("srv/uploads");
    await sites.describe(id, { wwwroot, appSettings, connectionStrings });
    const { settings } = await sites.local(id);
    const read = await settings.read();
    expect(read.appSettings["MODE"]?.reveal()).toBe("planted mode");
    expect(read.connectionStrings["main"]?.value.reveal()).toBe("mysql://u:planted@h/d");
    expect(statSync(at("data/sites/shop.json")).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(await sites.describedAs(id))).not.toContain("planted");
  });

  it("adds a slot to its app, and takes it out again without the app", async () => {
    const { at, sites } = machine();
    await expect(sites.describe(staging, { wwwroot: at("srv/uploads") })).rejects.toMatchObject({
      code: "SiteNotFound",
    });
    await sites.describe(shop, { home: at("srv/shop") });
    await sites.describe(staging, { wwwroot: at("srv/uploads") });
    expect(await sites.describedAs(staging)).toMatchObject({ wwwroot: at("srv/uploads") });
    expect(await sites.forget(staging)).toBe(true);
    expect((await sites.list()).map(({ id }) => id)).toEqual([shop]);
  });

  it("forgets an app with its slots and leaves their files alone", async () => {
    const { at, sites } = machine();
    await sites.describe(shop, { home: at("srv/shop") });
    await sites.describe(staging, { wwwroot: at("srv/uploads") });
    expect(await sites.forget(shop)).toBe(true);
    expect(await sites.forget(shop)).toBe(false);
    expect(await sites.list()).toEqual([]);
    expect(existsSync(at("srv/shop/site/wwwroot"))).toBe(true);
    expect(readdirSync(at("data/sites"))).toEqual([]);
  });

  it("refuses a site that is known", async () => {
    const { at, sites } = machine();
    await sites.describe(shop, { home: at("srv/shop") });
    await expect(sites.describe(shop, { home: at("srv/uploads") })).rejects.toMatchObject({ code: "SiteKnown" });
  });

  it("refuses what lies outside the allowed roots, also by a link or by dots, and does not tell whether it is there", async () => {
    const { at, sites } = machine();
    symlinkSync(at("elsewhere"), at("srv/link"));
    const outside = /none of .*LIFEBOAT_SITE_ROOTS.*--site-roots/;
    for (const home of [at("elsewhere"), at("nowhere"), at("srv/link"), "/"])
      await expect(sites.describe(shop, { home })).rejects.toThrow(outside);
    for (const home of [`${at("srv")}/../elsewhere`, "srv/shop"])
      await expect(sites.describe(shop, { home })).rejects.toThrow(/absolute path, without dots/);
    const directories = { uploads: at("elsewhere") };
    await expect(sites.describe(shop, { home: at("srv/shop"), directories })).rejects.toThrow(outside);
    expect(readdirSync(at("data/sites"))).toEqual([]);
  });

  it("refuses what is not there, a file, and a directory that holds Lifeboat's own files", async () => {
    const { at } = machine();
    writeFileSync(at("srv/file"), "");
    const everywhere = localSites({
      folder: at("data", "sites"),
      sitesRoot: at("data", "www"),
      siteRoots: ["/"],
      dataFolder: at("data"),
      warn: () => undefined,
    });
    await expect(everywhere.describe(shop, { home: at("srv/none") })).rejects.toThrow(/not there/);
    await expect(everywhere.describe(shop, { home: at("srv/file") })).rejects.toThrow(/no directory/);
    for (const home of [at("."), at("data"), at("data", "sites")])
      await expect(everywhere.describe(shop, { home })).rejects.toMatchObject({ code: "SiteDirectoryRefused" });
    expect(readdirSync(at("data/sites"))).toEqual([]);
  });

  it("tells what is wrong with the files of others", async () => {
    const { at, sites, warnings } = machine();
    writeFileSync(at("data/sites/broken.json"), "{");
    expect(await sites.problems()).toEqual([
      "The site file broken.json is not valid: it is not JSON: look at line 1, column 2.",
    ]);
    expect(warnings).toEqual([]);
  });
});
