import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { blockId } from "../../../src/archive/shards/block-id.ts";
import { manifestName, zipName, type Backup } from "../../../src/domain/backup.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import type { RestoreWish } from "../../../src/operations/restores/asked-restore.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import type { Exchange } from "../../../src/ports/site-host.ts";
import { restoreSteps } from "../../../src/steps/restore/restore-steps.ts";
import { shop } from "../../support/installation.ts";
import { buildTree, treeOf } from "../../support/file-tree.ts";
import { rawZip } from "../../support/raw-zip.ts";
import { container, restoreWorld, sas, type RestoreWorld } from "../../support/restore-world.ts";

let world: RestoreWorld;
beforeEach(() => {
  world = restoreWorld();
  buildTree(
    world.home,
    treeOf({
      "site/wwwroot/index.html": { content: "<h1>Shop</h1>" },
      "site/wwwroot/big": { content: Buffer.alloc(50_000, "incompressible? no. ") },
      "site/wwwroot/link": { target: "../../data" },
    }),
  );
});
afterEach(() => world.remove());

const at = (path: string): string => join(world.home, "site/wwwroot", path);
const store = () => world.container(container);

const read = async (name: string): Promise<Buffer> => {
  const object = await store().head(name);
  if (object === undefined) throw new Error(`There is no ${name}.`);
  return Buffer.from(await store().read(name, { offset: 0, length: object.sizeBytes }));
};
const put = async (name: string, bytes: Uint8Array): Promise<void> => {
  await store().remove(name);
  const block = blockId(0, 0, bytes);
  await store().stage({ name, run: "upload" }, block, bytes);
  await store().commit({ name, run: "upload" }, [block], {});
};

/** By the blob's name, as every client does. */
const byName = (blobName: string, wish: Partial<RestoreWish> = {}) =>
  world.restore(undefined, { storageAccountUrl: sas, blobName, ...wish });

/** The site as it is, and that a restore refused for a reason did not touch it. */
const refused = async (
  restore: () => Promise<{ status: string; log?: string; steps: readonly string[] }>,
  why: RegExp,
) => {
  writeFileSync(at("index.html"), "changed since");
  const before = world.tree();
  const done = await restore();
  expect(done).toMatchObject({ status: "Failed", log: expect.stringMatching(why) });
  expect(done.steps).not.toContain("stopSite");
  expect(world.tree()).toEqual(before);
  expect(world.areas()).toEqual([]);
};

/** Another bit than was written. */
const flip = (bytes: Buffer, place: number): void => void bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);

const altered = async (backup: Backup, change: (bytes: Buffer) => void): Promise<void> => {
  const bytes = await read(zipName(backup.blobBase));
  change(bytes);
  await put(zipName(backup.blobBase), bytes);
};

describe("an archive that the catalog knows", () => {
  it("is refused when its directory was altered", async () => {
    const backup = await world.backUp();
    // A bit of the last entry's time, in the central directory: no checksum of a file covers it.
    await altered(backup, (bytes) => flip(bytes, bytes.lastIndexOf("fs/site/wwwroot/link") - 33));
    await refused(() => world.restore(backup), /is not the archive that was backed up/);
  });

  it("is refused when a stored byte was altered, before the site is touched", async () => {
    const backup = await world.backUp();
    rmSync(at("big"));
    await altered(backup, (bytes) => flip(bytes, bytes.indexOf("fs/site/wwwroot/big") + 80));
    await refused(() => world.restore(backup), /site\/wwwroot\/big.*was changed/);
  });

  it("is refused when it is gone, or cut short", async () => {
    const backup = await world.backUp();
    const bytes = await read(zipName(backup.blobBase));
    await put(zipName(backup.blobBase), bytes.subarray(0, bytes.length - 10));
    await refused(() => world.restore(backup), /cannot be read as a backup/);
    await store().remove(zipName(backup.blobBase));
    await refused(() => world.restore(backup), /It is not in https/);
  });

  it("is restored though its manifest is gone or damaged: the catalog vouches for it", async () => {
    writeFileSync(at("_backup.filter"), "site/wwwroot/cache\n");
    const backup = await world.backUp();
    buildTree(
      world.home,
      treeOf({ "site/wwwroot/cache/x": { content: "x" }, "site/wwwroot/index.html": { content: "!" } }),
    );
    const manifest = await read(manifestName(backup.blobBase));
    manifest[manifest.indexOf("cache")] = 0x58;
    await put(manifestName(backup.blobBase), manifest);
    const damaged = await world.restore(backup);
    expect(damaged).toMatchObject({ status: "Succeeded", log: expect.stringContaining("manifest was not used") });
    expect(readFileSync(at("cache/x"), "utf8")).toBe("x");
    expect(readFileSync(at("index.html"), "utf8")).toBe("<h1>Shop</h1>");
    await store().remove(manifestName(backup.blobBase));
    writeFileSync(at("index.html"), "!");
    expect(await world.restore(backup)).toMatchObject({ status: "Succeeded" });
    expect(readFileSync(at("index.html"), "utf8")).toBe("<h1>Shop</h1>");
  });

  it("removes nothing when its manifest is missing and its filter kept itself out", async () => {
    buildTree(
      world.home,
      treeOf({
        "site/wwwroot/cache/only copy": { content: "x" },
        "site/wwwroot/_backup.filter": { content: "/site/wwwroot/cache\n/site/wwwroot/_backup.filter\n" },
      }),
    );
    const backup = await world.backUp();
    await store().remove(manifestName(backup.blobBase));
    writeFileSync(at("index.html"), "!");
    const done = await world.restore(backup);
    expect(done).toMatchObject({ status: "Succeeded", log: expect.stringContaining("Nothing is removed") });
    expect(readFileSync(at("index.html"), "utf8")).toBe("<h1>Shop</h1>");
    expect(readFileSync(at("cache/only copy"), "utf8")).toBe("x");
  });

  it("removes what was added though its manifest is missing, where there was no filter", async () => {
    const backup = await world.backUp();
    await store().remove(manifestName(backup.blobBase));
    writeFileSync(at("added"), "added since");
    expect(await world.restore(backup)).toMatchObject({ status: "Succeeded" });
    expect(world.tree().has(pathFromText("site/wwwroot/added"))).toBe(false);
  });

  it("is known by its place also when it is named by container and blob", async () => {
    const backup = await world.backUp();
    await altered(backup, (bytes) => flip(bytes, bytes.lastIndexOf("fs/site/wwwroot/link") - 33));
    await refused(() => byName(zipName(backup.blobBase)), /is not the archive that was backed up/);
  });
});

describe("an archive that the catalog does not know", () => {
  /** The same blobs under another name, as somebody copies them to another container. */
  const copied = async (change: { zip?: (bytes: Buffer) => void; manifest?: (bytes: Buffer) => void } = {}) => {
    const backup = await world.backUp();
    const zip = await read(zipName(backup.blobBase));
    const manifest = await read(manifestName(backup.blobBase));
    change.zip?.(zip);
    change.manifest?.(manifest);
    await put("copy.zip", zip);
    await put("copy.xml", manifest);
    return backup;
  };

  it("is restored when it is the one its manifest describes", async () => {
    await copied();
    writeFileSync(at("index.html"), "changed since");
    expect(await byName("copy.zip")).toMatchObject({ status: "Succeeded" });
    expect(readFileSync(at("index.html"), "utf8")).toBe("<h1>Shop</h1>");
  });

  it("is refused when it is another, or when its manifest was altered", async () => {
    await copied({ zip: (bytes) => flip(bytes, bytes.lastIndexOf("fs/site/wwwroot/link") - 33) });
    await refused(() => byName("copy.zip"), /Its directory is not the one that was written/);
    await put("copy.xml", Buffer.from((await read("copy.xml")).toString().replace(/name="shop/, 'name="Shop')));
    await refused(() => byName("copy.zip"), /manifest was altered/);
  });

  it("removes nothing when its manifest is missing, and says so", async () => {
    await copied();
    await store().remove("copy.xml");
    writeFileSync(at("index.html"), "changed since");
    writeFileSync(at("added"), "added since");
    const done = await byName("copy.zip");
    expect(done).toMatchObject({ status: "Succeeded", log: expect.stringContaining("Nothing is removed") });
    expect(readFileSync(at("index.html"), "utf8")).toBe("<h1>Shop</h1>");
    expect(readFileSync(at("added"), "utf8")).toBe("added since");
  });

  const foreign = (entries: readonly Parameters<typeof rawZip>[0][number][]) => rawZip([...entries]);

  it("may be another program's: checked by CRC-32, with the filter that lies in it", async () => {
    const zip = foreign([
      { name: "fs/site/wwwroot/index.html", content: "<h1>From App Service</h1>" },
      { name: "fs/site/wwwroot/_backup.filter", content: "\\site\\wwwroot\\keep\r\n" },
      { name: "fs/site/wwwroot/deep/er/x", content: "x" },
    ]);
    await put("theirs.zip", zip);
    await put("theirs.xml", Buffer.from("<backup><anything/></backup>"));
    buildTree(world.home, treeOf({ "site/wwwroot/keep/x": { content: "kept" } }));
    const done = await byName("theirs.zip");
    expect(done).toMatchObject({ status: "Succeeded", log: expect.stringContaining("Another program wrote") });
    expect(readFileSync(at("index.html"), "utf8")).toBe("<h1>From App Service</h1>");
    expect(readFileSync(at("deep/er/x"), "utf8")).toBe("x");
    expect(readFileSync(at("keep/x"), "utf8")).toBe("kept");
    expect(world.tree().has(pathFromText("site/wwwroot/big"))).toBe(false);
    expect((await world.undo()).status).toBe("Succeeded");
    expect(readFileSync(at("index.html"), "utf8")).toBe("<h1>Shop</h1>");
  });

  it("is refused when it holds no site, and when a content does not match its CRC-32", async () => {
    await put("theirs.zip", foreign([{ name: "holiday.jpg", content: "jpg" }]));
    await refused(() => byName("theirs.zip"), /holds no site/);
    await put("theirs.zip", foreign([{ name: "fs/site/wwwroot/a", content: "a", crc: 1 }]));
    await refused(() => byName("theirs.zip"), /fs\/site\/wwwroot\/a.*checksum/);
    await put("theirs.zip", Buffer.from("no zip at all"));
    await refused(() => byName("theirs.zip"), /cannot be read as a backup/);
  });

  it("is refused when a link in it leads out of the site, unless that is allowed", async () => {
    const zip = foreign([
      { name: "fs/site/wwwroot/etc", content: "/etc", mode: 0o120777, method: 0 },
      { name: "fs/site/wwwroot/a", content: "a" },
    ]);
    await put("theirs.zip", zip);
    await refused(() => byName("theirs.zip"), /site\/wwwroot\/etc -> \/etc/);
    expect(await byName("theirs.zip", { paths: ["site/wwwroot/a"] })).toMatchObject({ status: "Succeeded" });
    expect(await byName("theirs.zip", { allowOutsideLinks: true })).toMatchObject({ status: "Succeeded" });
    expect(world.tree().get(pathFromText("site/wwwroot/etc"))).toMatchObject({ target: "/etc" });
  });
});

describe("a site that may not be restored", () => {
  it("is one that came to hold something since it was asked for with overwrite false", async () => {
    const backup = await world.backUp();
    const kept = world.tree();
    rmSync(join(world.home, "site"), { recursive: true });
    const operation = await world.ask(backup, { overwrite: false });
    buildTree(world.home, treeOf({ "site/wwwroot/mine": { content: "mine" } }));
    const done = await world.run(operation);
    expect(done).toMatchObject({ status: "Failed", log: expect.stringContaining("is not empty") });
    expect(readFileSync(at("mine"), "utf8")).toBe("mine");
    rmSync(join(world.home, "site"), { recursive: true });
    expect(await world.restore(backup, { overwrite: false })).toMatchObject({ status: "Succeeded" });
    expect([...world.tree().keys()]).toEqual([...kept.keys()]);
  });

  it("is one whose directory is gone: the run ends and the site is free", async () => {
    const backup = await world.backUp();
    const operation = await world.ask(backup);
    rmSync(world.home, { recursive: true });
    const done = await world.run(operation);
    expect(done).toMatchObject({ status: "Failed", log: expect.stringContaining("is not there") });
    expect((await world.row()).run).toBeUndefined();
    expect(await world.deps.catalog.list(sitePartition(shop), { prefix: "progress!" })).toEqual([]);
  });

  it("is one on a disk without room; what an earlier restore had kept makes way first", async () => {
    const backup = await world.backUp();
    writeFileSync(at("index.html"), "changed since");
    await world.restore(backup);
    expect(world.areas()).toHaveLength(1);
    writeFileSync(at("index.html"), "changed again");
    const checks: string[][] = [["The disk has 1 byte free, and the restore needs 2."], []];
    world.setCheck(() => checks.shift() ?? []);
    const done = await world.restore(backup);
    expect(done).toMatchObject({ status: "Succeeded", log: expect.stringContaining("to make room") });
    expect((await world.row()).undo?.run).toBe(done.run);
    await world.undo();
    world.setCheck(() => ["The disk has 1 byte free, and the restore needs 2."]);
    await refused(() => world.restore(backup), /The disk has 1 byte free/);
  });
});

describe("an attempt that finds no room after its run lost the site", () => {
  it("leaves alone what a restore after it has replaced", async () => {
    const backup = await world.backUp();
    writeFileSync(at("index.html"), "changed since");
    await world.restore(backup);
    writeFileSync(at("index.html"), "changed again");
    const ref = await world.refOf((await world.ask(backup)).run);
    const full = (exchange: Exchange): Exchange => {
      exchange.check = async () => {
        await world.takeAway();
        expect(await world.restore(backup)).toMatchObject({ status: "Succeeded" });
        return ["The disk has 1 byte free, and the restore needs 2."];
      };
      return exchange;
    };
    const host = { ...world.host, exchange: (run: string) => full(world.host.exchange(run)) };
    const late = restoreSteps({ ...world.deps, hosts: { host: async () => host } });
    const checked = await late.checkArchive(ref, world.call);
    if (!checked.ok) throw new Error(checked.message);
    expect(await late.planRestore({ ...ref, checked: checked.checked }, world.call)).toMatchObject({ code: "RunLost" });
    expect(await world.undo()).toMatchObject({ status: "Succeeded" });
    expect(readFileSync(at("index.html"), "utf8")).toBe("changed again");
  });
});

describe("a site of several directories", () => {
  it("is restored into each of them, and put back", async () => {
    world.remove();
    world = restoreWorld({
      roots: (folder) => [
        { at: pathFromText("site/wwwroot"), directory: join(folder, "www") },
        { at: pathFromText("uploads"), directory: join(folder, "uploads") },
      ],
    });
    const www = (path: string): string => join(world.folder, "www", path);
    const uploads = (path: string): string => join(world.folder, "uploads", path);
    buildTree(
      world.folder,
      treeOf({ "www/index": { content: "index" }, "uploads/a/b": { content: "b" }, "uploads/c": { content: "c" } }),
    );
    const backup = await world.backUp();
    writeFileSync(www("index"), "hacked");
    rmSync(uploads("a"), { recursive: true });
    writeFileSync(uploads("d"), "new");
    expect(await world.restore(backup)).toMatchObject({ status: "Succeeded" });
    expect(readFileSync(www("index"), "utf8")).toBe("index");
    expect(readFileSync(uploads("a/b"), "utf8")).toBe("b");
    expect(() => readFileSync(uploads("d"))).toThrow(/ENOENT/);
    expect(world.areas()).toHaveLength(2);
    expect(await world.undo()).toMatchObject({ status: "Succeeded" });
    expect(readFileSync(www("index"), "utf8")).toBe("hacked");
    expect(readFileSync(uploads("d"), "utf8")).toBe("new");
    expect(world.areas()).toEqual([]);
  });
});
