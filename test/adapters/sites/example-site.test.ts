import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exampleContent } from "../../../src/adapters/sites/example-content.ts";
import { describeExample, exampleName, hasNoSites, makeExample } from "../../../src/adapters/sites/example-site.ts";
import { localSites } from "../../../src/adapters/sites/local-sites.ts";
import { parseFilter } from "../../../src/domain/filter.ts";

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "lifeboat-example-"));
  mkdirSync(join(base, "sites"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const places = () => ({ sitesFolder: join(base, "sites"), sitesRoot: join(base, "www") });

const make = async (): Promise<void> => {
  expect(await hasNoSites(places().sitesFolder)).toBe(true);
  await makeExample(places().sitesRoot);
  await describeExample(places());
};

describe("the example site", () => {
  it("is a site that is known at once, whole, its file for its owner only", async () => {
    await make();
    const sites = localSites({
      folder: join(base, "sites"),
      sitesRoot: join(base, "www"),
      dataFolder: base,
      warn: (message) => expect.fail(message),
    });
    const [site] = await sites.list();
    expect(site?.id).toMatchObject({ name: exampleName, resourceGroup: "local" });
    const home = join(base, "www", "example");
    expect(await sites.directories()).toEqual([home]);
    for (const [path, text] of Object.entries(exampleContent))
      expect(readFileSync(join(home, path), "utf8")).toBe(text);
    expect(statSync(join(base, "sites", "example.json")).mode & 0o777).toBe(0o600);
  });

  it("is not made where sites are described already", async () => {
    writeFileSync(join(base, "sites", "shop.json"), "{}");
    expect(await hasNoSites(places().sitesFolder)).toBe(false);
  });

  it("is completed after an attempt that was cut short, and keeps what is there", async () => {
    await make();
    const index = join(base, "www", "example", "site", "wwwroot", "index.html");
    writeFileSync(index, "changed");
    rmSync(join(base, "www", "example", "site", "wwwroot", "css"), { recursive: true });
    rmSync(join(base, "sites", "example.json"));
    await make();
    expect(readFileSync(index, "utf8")).toBe("changed");
    expect(existsSync(join(base, "www", "example", "site", "wwwroot", "css", "site.css"))).toBe(true);
  });

  it("has no dead links", () => {
    const links = Object.entries(exampleContent).flatMap(([path, text]) =>
      [...text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link = ""]) => posix.join(dirname(path), link)),
    );
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((link) => !(link in exampleContent))).toEqual([]);
  });

  it("has a filter that is understood, and leaves the cache out", () => {
    const { lines } = parseFilter(exampleContent["site/wwwroot/_backup.filter"] ?? "");
    expect(lines.map(({ text }) => text)).toEqual(["/site/wwwroot/cache"]);
  });
});
