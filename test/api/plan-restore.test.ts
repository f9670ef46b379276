import { beforeEach, describe, expect, it } from "vitest";
import { memoryDestination } from "../support/memory-destination.ts";
import { MemorySite } from "../support/memory-site.ts";
import { planRoutes } from "../../src/api/routes/plan-routes.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { insertBackup } from "../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../src/operations/rows/keys.ts";
import type { Destination } from "../../src/ports/destination.ts";
import type { Exchange, SiteHost } from "../../src/ports/site-host.ts";
import { writeManifest } from "../../src/manifest/write-manifest.ts";
import { bareManifest } from "../manifest/example.ts";
import { apiOver, shopPath } from "../support/api.ts";
import { memoryInstallation, shop } from "../support/installation.ts";
import { keptBackup } from "../support/kept-backup.ts";
import { packArchive } from "../support/pack-archive.ts";
import { putObject } from "../support/put-object.ts";

let given: ReturnType<typeof memoryInstallation>;
let files: MemorySite;
let destination: Destination;
let stands: readonly string[];
let ask: ReturnType<typeof apiOver>;
const write = (path: string, content: string) => files.writeFile(pathFromText(path), Buffer.from(content));

beforeEach(async () => {
  given = memoryInstallation();
  files = new MemorySite();
  stands = [];
  write("site/wwwroot/index.html", "<h1>Shop</h1>");
  write("site/wwwroot/logo.png", "logo");
  write("site/wwwroot/hacked.php", "good");
  write("site/wwwroot/gone.html", "gone");
  destination = memoryDestination();
  const { commitId, sizeBytes } = await packArchive({ site: files, destination, name: "nightly.zip" });
  const archive = { name: "nightly.zip", sizeBytes, commitId };
  const filter = [{ number: 1, text: "/site/wwwroot/cache" }];
  await putObject(destination, "nightly.xml", writeManifest({ ...bareManifest, archive, filter }));
  const backup = keptBackup({ sizeBytes, commitId, leftOut: 0 });
  await given.deps.catalog.write(sitePartition(shop), [insertBackup(backup)]);
  // What the site has by now: one file of the same size and time, another content.
  const before = await files.stat(pathFromText("site/wwwroot/hacked.php"));
  files.writeFile(pathFromText("site/wwwroot/hacked.php"), Buffer.from("evil"), { mtimeNs: before?.mtimeNs ?? 0n });
  files.remove(pathFromText("site/wwwroot/gone.html"));
  write("site/wwwroot/new.html", "new");
  write("site/wwwroot/cache/a.tmp", "cached");
  // Safe, both: a dry run asks nothing else of a host and its exchange.
  const exchange = { check: async () => stands, clashes: async () => [] } as Partial<Exchange> as Exchange;
  const host = {
    files,
    content: async () => "present",
    ownerOf: ({ uid, gid }) => ({ uid, gid }),
    exchange: () => exchange,
  } as Partial<SiteHost> as SiteHost;
  const deps = {
    ...given.deps,
    hosts: { host: async () => host },
    destinations: { open: async () => destination },
  };
  ask = apiOver(planRoutes(deps), given.call);
});

const plan = `${shopPath}/backups/1/restore/plan`;
const planned = async (properties: object, path = plan) => {
  const answer = await ask("POST", path, { body: { properties } });
  expect(answer.status).toBe(200);
  return answer.json() as unknown as {
    properties: { counts: Record<string, { entries: number }>; more: number } & Record<string, unknown>;
    value: { path: string; action: string; reason: string }[];
  };
};
const actions = ({ value }: { value: { path: string; action: string }[] }) =>
  Object.fromEntries(
    value.filter(({ path }) => path.includes(".")).map(({ path, action }) => [path.split("/").at(-1), action]),
  );

describe("the dry run of a restore", () => {
  it("tells what would be written, replaced and removed, by content, and starts and changes nothing", async () => {
    const found = await planned({ overwrite: true });
    expect(actions(found)).toEqual({ "gone.html": "write", "hacked.php": "replace", "new.html": "remove" });
    expect(found.properties).toMatchObject({
      siteName: "shop",
      isNewSite: false,
      blobName: "nightly.zip",
      problems: [],
      more: 0,
    });
    expect(given.started).toEqual([]);
    expect(await files.stat(pathFromText("site/wwwroot/new.html"))).toBeDefined();
  });

  it("tells what stays when asked, and that the backup's filter is why", async () => {
    const found = await planned({ overwrite: true }, `${plan}?show=all`);
    expect(actions(found)).toMatchObject({ "index.html": "keep", "a.tmp": "leave" });
    expect(found.value.find(({ path }) => path.endsWith("a.tmp"))?.reason).toContain("/site/wwwroot/cache");
  });

  it("believes size and time when it is to be quick", async () => {
    expect(actions(await planned({ overwrite: true, quick: true }))).not.toHaveProperty("hacked.php");
  });

  it("is limited to the paths asked for, and to as many entries, counting the others", async () => {
    const some = await planned({ overwrite: true, paths: ["site/wwwroot/gone.html"] });
    expect(actions(some)).toEqual({ "gone.html": "write" });
    const short = await planned({ overwrite: true }, `${plan}?limit=1`);
    expect(short.value.map(({ action }) => action)).toEqual(["remove"]);
    expect(short.properties.more).toBeGreaterThan(0);
  });

  it("names what stands against it", async () => {
    stands = ["The disk is full."];
    expect((await planned({ overwrite: true })).properties["problems"]).toEqual(["The disk is full."]);
  });

  it("of a new site writes everything, and does not make the site", async () => {
    const found = await planned({ overwrite: false, siteName: "copy" });
    expect(found.properties).toMatchObject({ siteName: "copy", isNewSite: true });
    expect(found.properties.counts["write"]?.entries).toBe(6);
    expect(given.sites.size).toBe(1);
  });

  it("is there beside restoreFromBackupBlob, too", async () => {
    const path = `${shopPath}/restoreFromBackupBlob/plan`;
    const properties = { storageAccountUrl: "file:///backups/shop", blobName: "nightly", overwrite: true };
    expect(actions(await planned(properties, path))).toHaveProperty(["gone.html"]);
  });

  it("refuses what the restore would refuse: no overwrite, an altered archive", async () => {
    expect((await ask("POST", plan, { body: {} })).status).toBe(409);
    await putObject(destination, "nightly.zip", Buffer.from("PK"));
    const answer = await ask("POST", plan, { body: { properties: { overwrite: true } } });
    expect({ status: answer.status, says: answer.json()["Message"] }).toEqual({
      status: 409,
      says: expect.stringContaining("nightly.zip"),
    });
  });
});
