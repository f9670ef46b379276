import { beforeEach, describe, expect, it } from "vitest";
import { memoryDestination } from "../../support/memory-destination.ts";
import { siteKey } from "../../../src/domain/site.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import type { Manifest } from "../../../src/domain/manifest.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { StoreFailure } from "../../../src/domain/store-failure.ts";
import { writeManifest } from "../../../src/manifest/write-manifest.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { credentialOf } from "../../../src/operations/containers/credentials.ts";
import { discoverBackups, type DiscoverWish } from "../../../src/operations/containers/discover.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { store } from "../../adapters/destination/blocks.ts";
import { bareManifest, fullManifest } from "../../manifest/example.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";
import { rawZip } from "../../support/raw-zip.ts";
import { memorySource } from "../../support/memory-source.ts";

const container = "https://acct.blob.core.windows.net/backups";
const storageAccountUrl = new Secret(`${container}?se=2027-01-01&sp=rwdl&sig=planted`);

let given: ReturnType<typeof memoryInstallation>;
let destination: Destination;
let time: number;

beforeEach(() => {
  time = Date.parse("2026-11-21T12:00:00Z");
  destination = memoryDestination({ now: () => new Date((time += 1000)) });
  given = memoryInstallation();
});

const discover = (wish: DiscoverWish = {}, from = destination) =>
  discoverBackups({ ...given.deps, destinations: { open: async () => from } })(given.call, shop, {
    storageAccountUrl,
    ...wish,
  });
const discoverOne = async (blobName: string) => (await discover({ blobName })).found[0];

const put = (name: string, bytes: Uint8Array | string, metadata = {}) =>
  store(destination, name, [Buffer.from(bytes)], metadata);

const zip = rawZip([{ name: "fs/site/wwwroot/index.html", content: "hello" }]);
const commitId = async (bytes: Buffer) => (await openArchive(memorySource("a.zip", bytes))).commitId;

/** A whole backup of ours; `changes` are to its manifest. */
const putOurs = async (base: string, changes: Partial<Manifest> = {}, metadata?: Record<string, string>) => {
  const id = await commitId(zip);
  await put(`${base}.zip`, zip, metadata ?? { commitid: id, run: "r" });
  const archive = { name: `${base}.zip`, sizeBytes: zip.length, commitId: id };
  await put(`${base}.xml`, writeManifest({ ...fullManifest, archive, ...changes }));
};

const appServiceXml = '<?xml version="1.0" encoding="utf-8"?><BackupDescription><Site>shop</Site></BackupDescription>';

describe("what a container holds", () => {
  it("is told newest first, with what each manifest says, and nothing of it is in the catalog", async () => {
    await putOurs("shops/one");
    await putOurs("two", { databases: [], filter: [] });
    const { found, total, access } = await discover();
    expect(total).toBe(2);
    expect(access.container).toBe(container);
    expect(found.map(({ blobName, kind, problem, owner }) => ({ blobName, kind, problem, owner }))).toEqual([
      { blobName: "two.zip", kind: "lifeboat", problem: undefined, owner: undefined },
      { blobName: "shops/one.zip", kind: "lifeboat", problem: undefined, owner: undefined },
    ]);
    expect(found[1]?.manifest).toMatchObject({ site: fullManifest.site, backup: { id: 17 } });
    expect(found[1]?.databases).toEqual([{ type: "MySql", name: "shop-db", connectionStringName: "MainDb" }]);
    expect(found[1]?.sizeBytes).toBe(zip.length);
  });

  it("is told also when copies lost their metadata", async () => {
    await putOurs("copied", {}, {});
    expect((await discover()).found[0]).toMatchObject({ kind: "lifeboat", manifest: { backup: { id: 17 } } });
    expect((await discoverOne("copied"))?.problem).toBeUndefined();
  });

  it("includes App Service's own zip and xml as foreign, with the databases in its root", async () => {
    const foreign = rawZip([
      { name: "fs/site/wwwroot/web.config", content: "<configuration/>" },
      { name: "maindb", content: Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(50)]) },
      { name: "blog.sql", content: "-- MySQL dump 10.13  Distrib 8.0\n" },
      { name: "wiki", content: "--\n-- PostgreSQL database dump\n--\n" },
      { name: "readme.txt", content: "nothing" },
    ]);
    await put("old.zip", foreign);
    await put("old.xml", appServiceXml);
    expect((await discover()).found).toMatchObject([{ blobName: "old.zip", kind: "foreign", databases: [] }]);
    const one = await discoverOne("old.zip");
    expect(one?.problem).toBeUndefined();
    expect(one?.databases).toEqual([
      { type: "MySql", name: "blog.sql" },
      { type: "SqlAzure", name: "maindb" },
      { type: "PostgreSql", name: "wiki" },
    ]);
  });

  it("says of each that cannot be restored why", async () => {
    await putOurs("longer", { archive: { name: "x.zip", sizeBytes: zip.length + 1, commitId: await commitId(zip) } });
    await putOurs("other", { archive: { name: "x.zip", sizeBytes: zip.length, commitId: `${"00".repeat(32)}-9` } });
    await put("interrupted.zip", zip, { commitid: "c", run: "r" });
    await put("plain.zip", zip);
    await put("gone.xml", writeManifest(bareManifest));
    await put("broken.zip", zip);
    await put("broken.xml", "<not closed");
    await put("edited.zip", zip, { commitid: await commitId(zip) });
    await put("edited.xml", writeManifest(bareManifest).toString().replace('name="shop"', 'name="shoq"'));
    await put("replaced.zip", zip, { commitid: "c" });
    await put("replaced.xml", appServiceXml);
    await put("sitemap.xml", "<urlset/>");
    await put("notes.txt", "no backup");
    const { found, total } = await discover();
    expect(total).toBe(8);
    expect(Object.fromEntries(found.map(({ blobName, kind, problem }) => [blobName, `${kind}: ${problem}`]))).toEqual({
      "longer.zip": expect.stringMatching(/^lifeboat: longer.zip has \d+ bytes and was written with/),
      "other.zip": expect.stringMatching(/^lifeboat: other.zip is not the archive that its manifest describes/),
      "interrupted.zip": expect.stringMatching(/^lifeboat: interrupted.xml is missing: the backup was interrupted/),
      "plain.zip": "unknown: plain.xml is missing: copy it beside the zip.",
      "gone.zip": "lifeboat: gone.zip is missing: copy it beside the manifest.",
      "broken.zip": expect.stringMatching(/^unknown: The manifest cannot be read/),
      "edited.zip": expect.stringMatching(/^lifeboat: The manifest was altered/),
      "replaced.zip": expect.stringMatching(/^lifeboat: replaced.xml is not its manifest/),
    });
  });

  it("is described as far as asked, and counted in full", async () => {
    for (const base of ["a", "b", "c", "d"]) await putOurs(base);
    const reads: string[] = [];
    const watched = new Proxy(destination, {
      get: (target, key: keyof Destination) => {
        const value = target[key];
        if (typeof value !== "function") return value;
        return (...parameters: [string]) => {
          if (key === "read") reads.push(parameters[0]);
          return Reflect.apply(value, target, parameters) as unknown;
        };
      },
    });
    const { found, total } = await discover({ limit: 2 }, watched);
    expect(found.map(({ blobName }) => blobName)).toEqual(["d.zip", "c.zip"]);
    expect(total).toBe(4);
    expect(reads.toSorted()).toEqual(["c.xml", "d.xml"]);
  });

  it("names the site whose backup it is, when this installation wrote it", async () => {
    const deps = { ...given.deps, destinations: { open: async () => destination } };
    await createBackup(deps)(given.call, shop, { name: "nightly", storageAccountUrl });
    await putOurs("nightly");
    await putOurs("stranger");
    const { found } = await discover();
    expect(found.map(({ blobName, owner }) => [blobName, owner?.name])).toEqual([
      ["stranger.zip", undefined],
      ["nightly.zip", "shop"],
    ]);
  });
});

describe("one archive", () => {
  it("is opened, and refused by its content though length and metadata look right", async () => {
    const lookalike = Buffer.from(zip);
    const at = lookalike.lastIndexOf("index.html");
    lookalike.write("indey.html", at);
    const id = await commitId(zip);
    await put("a.zip", lookalike, { commitid: id });
    await put(
      "a.xml",
      writeManifest({ ...bareManifest, archive: { name: "a.zip", sizeBytes: zip.length, commitId: id } }),
    );
    expect((await discover()).found[0]?.problem).toBeUndefined();
    expect((await discoverOne("a.zip"))?.problem).toMatch(/not the archive that its manifest describes/);
  });

  it("that is no zip is told so", async () => {
    await put("a.zip", "no zip at all, but long enough to look for one");
    await put("a.xml", appServiceXml);
    expect((await discoverOne("a"))?.problem).toMatch(/^a.zip cannot be read: /);
  });

  it("that is not there is refused by name", async () => {
    await expect(discover({ blobName: "none" })).rejects.toThrow(
      /none\.zip cannot be read.*Discovering without blobName/,
    );
  });
});

describe("the container's SAS", () => {
  it("is remembered once it has proved good", async () => {
    await discover();
    expect((await credentialOf(given.deps, container))?.reveal()).toContain("planted");
  });

  it("is not remembered when the container refuses it, and never shown", async () => {
    const refusing = memoryDestination({
      before: () => {
        throw new StoreFailure("AccessDenied", "Listing failed (403): the SAS is not accepted. Renew it.");
      },
    });
    const failure = discover({}, refusing);
    await expect(failure).rejects.toThrow(/destination .*backups cannot be used now: Listing failed \(403\)/);
    await expect(failure).rejects.not.toThrow(/planted/);
    expect(await credentialOf(given.deps, container)).toBeUndefined();
  });

  it("that is known need not be given again, and the site need not exist", async () => {
    await putOurs("one");
    await discover();
    const opened: (string | undefined)[] = [];
    const deps = {
      ...given.deps,
      destinations: {
        open: async (_: string, credential?: Secret) => {
          opened.push(credential?.reveal());
          return destination;
        },
      },
    };
    const stranger = { subscription: "s", resourceGroup: "g", name: "nobody" };
    const { found } = await discoverBackups(deps)(given.call, stranger, { storageAccountUrl: new Secret(container) });
    expect(found).toHaveLength(1);
    expect(opened).toEqual(["se=2027-01-01&sp=rwdl&sig=planted"]);
  });

  it("is the site's own where the request names none", async () => {
    await putOurs("one");
    given.sites.set(siteKey(shop), {
      id: shop,
      location: "Local",
      tier: "Standard",
      defaultDestination: storageAccountUrl,
    });
    const opened: string[] = [];
    const open = async (url: string) => (opened.push(url), destination);
    const { found } = await discoverBackups({ ...given.deps, destinations: { open } })(given.call, shop, {});
    expect([found.length, opened]).toEqual([1, [container]]);
  });
});
