import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { localSites } from "../../../src/adapters/sites/local-sites.ts";
import { Secret } from "../../../src/domain/secret.ts";

let folder: string;
let warnings: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-sites-"));
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () =>
  localSites({ folder, sitesRoot: join(folder, "www"), warn: (message) => void warnings.push(message) });
const put = (name: string, value: unknown) =>
  writeFileSync(join(folder, name), typeof value === "string" ? value : JSON.stringify(value));
const id = (name: string, slot?: string) => ({
  subscription: "00000000-0000-0000-0000-000000000000",
  resourceGroup: "LOCAL",
  name,
  ...(slot === undefined ? {} : { slot }),
});

describe("sites from files", () => {
  it("are found by id whatever its case, with their slots, also under another file name", async () => {
    put("shop.json", { home: "/srv/shop", slots: { staging: { wwwroot: "/srv/staging" } } });
    put("other.json", { name: "Blog", wwwroot: "/srv/blog", destination: "file:///srv/backups/blog" });
    const sites = open();
    expect(await sites.find(id("SHOP", "Staging"))).toMatchObject({ id: { name: "shop", slot: "staging" } });
    expect((await sites.find(id("blog")))?.defaultDestination?.reveal()).toBe("file:///srv/backups/blog");
    expect(await sites.find({ ...id("shop"), resourceGroup: "elsewhere" })).toBeUndefined();
    expect((await sites.list()).map((site) => site.id.name)).toEqual(["Blog", "shop", "shop"]);
  });

  it("show no secret of their file in anything that is printed of them", async () => {
    put("shop.json", {
      home: "/srv/shop",
      destination: "https://acct.blob.core.windows.net/c?sig=planted-sas",
      appSettings: { API_KEY: "planted-setting" },
      connectionStrings: { Db: { value: "Server=x;Password=planted-password", type: "MySql" } },
    });
    const sites = open();
    const known = [await sites.local(id("shop")), await sites.find(id("shop"))];
    expect(known).toMatchObject([{ content: { home: "/srv/shop" } }, { location: "Local" }]);
    expect(inspect(known, { depth: null, showHidden: true }) + JSON.stringify(known)).not.toContain("planted");
  });

  it("are read again when their file changes", async () => {
    put("shop.json", { home: "/srv/shop" });
    const sites = open();
    await sites.find(id("shop"));
    put("shop.json", { home: "/srv/shop", tier: "PremiumV3" });
    expect(await sites.find(id("shop"))).toMatchObject({ tier: "PremiumV3" });
    rmSync(join(folder, "shop.json"));
    expect(await sites.find(id("shop"))).toBeUndefined();
  });

  it("say everything that is wrong with a file, and none of its values", async () => {
    put("shop.json", { home: "relative", wwwroot: "/srv/x", stopp: "x", appSettings: { A: 7 } });
    const failure = await open()
      .find(id("shop"))
      .then(
        () => "",
        (error: unknown) => String(error),
      );
    for (const part of ["shop.json", "home", "absolute path", "stopp", "appSettings.A"])
      expect(failure).toContain(part);
    expect(failure).not.toContain("relative");
    expect(await open().list()).toEqual([]);
    expect(warnings[0]).toContain("shop.json");
  });

  it("are made below the sites' root, app and slot, and not twice", async () => {
    const sites = open();
    await sites.create(id("New"));
    await sites.create(id("New", "stage"));
    await expect(sites.create(id("new"))).rejects.toThrow(/exists/);
    expect((await sites.local(id("new", "stage"))).content.home).toBe(join(folder, "www", "new.stage"));
    expect(statSync(join(folder, "www", "new", "site", "wwwroot")).isDirectory()).toBe(true);
    expect(statSync(join(folder, "new.json")).mode & 0o777).toBe(0o600);
  });

  it("read and replace a site's settings, and leave the rest of its file as it is", async () => {
    put("shop.json", {
      home: "/srv/shop",
      appSettings: { A: "1" },
      slots: { staging: { home: "/srv/s", appSettings: { S: "1" } } },
    });
    const { settings } = await open().local(id("shop"));
    expect((await settings.read()).appSettings["A"]?.reveal()).toBe("1");
    const written = {
      appSettings: { B: new Secret("2") },
      connectionStrings: { Db: { value: new Secret("Server=x"), type: "MySql" } },
    };
    await settings.write(written, async () => undefined);
    expect(JSON.parse(readFileSync(join(folder, "shop.json"), "utf8"))).toEqual({
      home: "/srv/shop",
      appSettings: { B: "2" },
      connectionStrings: { Db: { value: "Server=x", type: "MySql" } },
      slots: { staging: { home: "/srv/s", appSettings: { S: "1" } } },
    });
    expect(statSync(join(folder, "shop.json")).mode & 0o777).toBe(0o600);
    const slot = (await open().local(id("shop", "STAGING"))).settings;
    await slot.write({ appSettings: {}, connectionStrings: {} }, async () => undefined);
    expect(readFileSync(join(folder, "shop.json"), "utf8")).not.toContain('"S"');
  });

  it("whose file cannot be read are not taken for unknown ones", async () => {
    mkdirSync(join(folder, "shop.json"));
    symlinkSync("blog.json", join(folder, "blog.json"));
    await expect(open().find(id("shop"))).rejects.toThrow(/shop\.json is not valid: it cannot be read \(EISDIR\)/);
    await expect(open().find(id("blog"))).rejects.toThrow(/blog\.json is not valid: it cannot be read \(ELOOP\)/);
    await expect(open().create(id("shop"))).rejects.toThrow(/EISDIR/);
    expect(await open().list()).toEqual([]);
    expect(warnings).toHaveLength(2);
  });

  it("are not all unknown because their folder cannot be read", async () => {
    writeFileSync(join(folder, "file"), "");
    const sites = localSites({ folder: join(folder, "file", "sites"), sitesRoot: folder, warn: () => undefined });
    await expect(sites.list()).rejects.toThrow(/folder of site files.*ENOTDIR/);
    const none = localSites({ folder: join(folder, "none"), sitesRoot: folder, warn: () => undefined });
    expect(await none.list()).toEqual([]);
  });

  it("never take over a directory that holds files", async () => {
    const www = join(folder, "www");
    mkdirSync(join(www, "shop", "site", "wwwroot"), { recursive: true });
    writeFileSync(join(www, "shop", "site", "wwwroot", "index.html"), "somebody's");
    await expect(open().create(id("shop"))).rejects.toMatchObject({ code: "SiteDirectoryTaken" });
    expect(await open().list()).toEqual([]);
    mkdirSync(join(www, "blog", "site", "wwwroot"), { recursive: true });
    expect(await open().create(id("blog"))).toMatchObject({ id: { name: "blog" } });
  });

  it("have a directory each: the slot staging of shop is not the app shop-staging", async () => {
    const sites = open();
    await sites.create(id("shop"));
    await sites.create(id("shop", "staging"));
    await sites.create(id("shop-staging"));
    const homes = [id("shop"), id("shop", "staging"), id("shop-staging")].map(
      async (one) => (await sites.local(one)).content.home,
    );
    expect(new Set(await Promise.all(homes)).size).toBe(3);
    expect(new Set<string | undefined>(await sites.directories())).toEqual(new Set(await Promise.all(homes)));
  });

  it("of one name in two resource groups leave each other's file and directory alone", async () => {
    const sites = open();
    const other = { ...id("shop"), resourceGroup: "elsewhere" };
    await sites.create(id("shop"));
    await sites.create(other);
    const homes = [(await sites.local(id("shop"))).content.home, (await sites.local(other)).content.home];
    expect(homes[0]).toBe(join(folder, "www", "shop"));
    expect(homes[1]).toMatch(/shop\.[0-9a-f]{8}$/);
    expect((await sites.list()).map((site) => site.id.resourceGroup).toSorted()).toEqual(["LOCAL", "elsewhere"]);
  });

  it.each([
    ["lies in the data folder", ["data", "tls"]],
    ["holds the data folder", []],
    ["holds the site files", ["sites"]],
    ["is the folder of new sites", ["data", "www"]],
  ])("may not have a directory that %s", async (_, parts) => {
    const sites = join(folder, "sites");
    mkdirSync(join(folder, "data", "www"), { recursive: true });
    mkdirSync(sites);
    const dataFolder = join(folder, "data");
    const local = localSites({ folder: sites, sitesRoot: join(dataFolder, "www"), dataFolder, warn: () => undefined });
    writeFileSync(join(sites, "shop.json"), JSON.stringify({ wwwroot: join(folder, ...parts) }));
    await expect(local.find(id("shop"))).rejects.toThrow(/contain one another/);
    await local.create(id("blog"));
    expect((await local.local(id("blog"))).content.home).toBe(join(dataFolder, "www", "blog"));
  });

  it("lose no change when two are made at once", async () => {
    const sites = open();
    await sites.create(id("shop"));
    await Promise.all(["one", "two", "three"].map((slot) => sites.create(id("shop", slot))));
    expect((await sites.list()).map((site) => site.id.slot)).toEqual([undefined, "one", "three", "two"]);
  });

  it("described twice are used once, whichever way they are looked for, and that is told once", async () => {
    put("a.json", { name: "shop", home: "/srv/second" });
    put("shop.json", { home: "/srv/first" });
    put("z.json", { name: "Shop", home: "/srv/third" });
    const sites = open();
    expect(await sites.list()).toHaveLength(1);
    expect(await sites.directories()).toEqual(["/srv/first"]);
    expect((await sites.local(id("shop"))).content.home).toBe("/srv/first");
    expect(warnings).toEqual([
      "The site shop is described in shop.json and in a.json; the second is not used.",
      "The site shop is described in shop.json and in z.json; the second is not used.",
    ]);
  });

  it("with a fault are told of once, and again when the fault is another", async () => {
    put("shop.json", "not JSON");
    const sites = open();
    await sites.list();
    await sites.list();
    expect(warnings).toHaveLength(1);
    put("shop.json", { home: "relative" });
    await sites.list();
    expect(warnings).toHaveLength(2);
  });

  it("have no slot named production, which is the app itself", async () => {
    put("shop.json", { home: "/srv/shop", slots: { Production: { home: "/srv/other" } } });
    await expect(open().find(id("shop"))).rejects.toThrow(/slots\.Production/);
  });
});
