import { afterAll, beforeAll, expect, it } from "vitest";
import { blobContainer } from "../../src/adapters/destination/blob-container.ts";
import { MemorySite } from "../support/memory-site.ts";
import { SourceLost } from "../../src/archive/reuse/source-lost.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Destination } from "../../src/ports/destination.ts";
import { soundContents } from "../support/archive-contents.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { lines, noise } from "../support/contents.ts";
import { describeWith } from "../support/needs.ts";
import { packArchive } from "../support/pack-archive.ts";
import { replaceObject } from "../support/replace-object.ts";
import { reuseArchive } from "../support/reuse-archive.ts";

const path = pathFromText;
const MiB = 2 ** 20;

const siteOf = (): MemorySite => {
  let now = 1_700_000_000_000_000_000n;
  const site = new MemorySite({ nowNs: () => (now += 60_000_000_000n) });
  for (let number = 0; number < 30; number++) site.writeFile(path(`small/${number}`), noise(9_000, number + 1));
  site.writeFile(path("media/a.jpg"), noise(3 * MiB, 50));
  site.writeFile(path("media/b.jpg"), noise(11 * MiB, 51));
  site.writeFile(path("media/c.txt"), lines(9 * MiB));
  return site;
};

/** The same, with something done before each copy within the container. */
const beforeCopy = (destination: Destination, act: () => unknown): Destination =>
  new Proxy(destination, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      if (key !== "stageCopy") return value.bind(target) as unknown;
      return async (...call: readonly unknown[]): Promise<unknown> => {
        await act();
        return Reflect.apply(value, target, call) as unknown;
      };
    },
  });

describeWith("azurite", azuritePresent, "reuse in a blob container", () => {
  let azurite: Azurite;
  let containers = 0;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(async () => azurite.stop());

  const container = async (): Promise<Destination> => {
    const name = `reuse-${++containers}`;
    await azurite.createContainer(name);
    const sas = new URL(azurite.containerSas(name, "rwdl", new Date(Date.now() + 3_600_000))).search.slice(1);
    return blobContainer({ container: `${azurite.blobUrl}/${name}`, sas: new Secret(sas) });
  };

  it("copies long runs within the container, and makes what packing from scratch makes", async () => {
    let copies = 0;
    const destination = await container();
    const watched = beforeCopy(destination, () => copies++);
    const site = siteOf();
    let previous = { name: "0.zip", commitId: (await packArchive({ site, destination, name: "0.zip" })).commitId };
    for (const name of ["1.zip", "2.zip"]) {
      site.writeFile(path("small/7"), lines(5_000));
      site.writeFile(path(`media/new in ${name}`), noise(2 * MiB, 60));
      site.remove(path(`small/${name[0]}`));
      const reused = await reuseArchive({ site, destination: watched, previous, name, reread: { run: 1, every: 14 } });
      expect(reused.plan.copied).toBeGreaterThan(25);
      expect(reused.damaged).toEqual([]);
      await packArchive({ site, destination, name: "scratch.zip" });
      expect(await soundContents(destination, name)).toEqual(await soundContents(destination, "scratch.zip"));
      await destination.remove("scratch.zip");
      previous = { name, commitId: reused.commitId };
    }
    expect(copies).toBeGreaterThanOrEqual(2);
    // Stand-alone: what it was made from may go.
    await destination.remove("0.zip");
    await destination.remove("1.zip");
    expect((await soundContents(destination, "2.zip")).size).toBeGreaterThan(30);
  }, 120_000);

  it.each([
    ["removed", (destination: Destination) => destination.remove("0.zip")],
    ["written anew", (destination: Destination) => replaceObject(destination, "0.zip", (bytes) => bytes)],
  ])(
    "is told that the previous archive was %s in the middle, and can start over",
    async (_what, change) => {
      const destination = await container();
      const site = siteOf();
      const previous = { name: "0.zip", commitId: (await packArchive({ site, destination, name: "0.zip" })).commitId };
      let isChanged = false;
      const fragile = beforeCopy(destination, async () => {
        if (!isChanged) await change(destination);
        isChanged = true;
      });
      const reused = reuseArchive({ site, destination: fragile, previous, name: "1.zip" });
      await expect(reused).rejects.toThrow(SourceLost);
      expect(isChanged).toBe(true);
      expect(await destination.head("1.zip")).toBeUndefined();
      await packArchive({ site, destination, name: "1.zip" });
      expect((await soundContents(destination, "1.zip")).size).toBe(35);
    },
    120_000,
  );
});
