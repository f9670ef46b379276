import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryDestination } from "../../support/memory-destination.ts";
import { MemorySite } from "../../support/memory-site.ts";
import { PackPool } from "../../../src/archive/threads/pack-pool.ts";
import type { PackRunner } from "../../../src/archive/threads/pack-runner.ts";
import type { ShardTarget } from "../../../src/archive/listing/plan.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { bundledWorker } from "../../support/bundled-worker.ts";
import { lines, noise } from "../../support/contents.ts";
import { packArchive, readWhole } from "../../support/pack-archive.ts";
import { bytePath } from "../entries.ts";
import { inlinePackRunner } from "../../support/inline-runners.ts";

const MiB = 2 ** 20;
const runs = Number(process.env["LIFEBOAT_PACK_RUNS"] ?? 15);
let worker: Awaited<ReturnType<typeof bundledWorker>>;
let pools: readonly PackPool[] = [];
beforeAll(async () => {
  worker = await bundledWorker();
  pools = [1, 2, 4].map((threads) => new PackPool({ threads, script: worker.script }));
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  worker.remove();
});

interface Variant {
  readonly runner: PackRunner;
  readonly target: ShardTarget;
  readonly blockBytes: number;
}

const archiveOf = async (site: MemorySite, variant: Variant): Promise<Buffer> => {
  const destination = memoryDestination();
  await packArchive({ site, destination, ...variant });
  return readWhole(destination);
};

const whole: Variant = { runner: inlinePackRunner, target: { sizeBytes: 2 ** 40, entries: 1e6 }, blockBytes: 8 * MiB };

describe("the same site gives the same bytes", () => {
  it("with large files too, for 1, 2 and 4 threads, wherever shards and blocks are cut", async () => {
    const site = new MemorySite();
    for (const [at, length] of [100, 9 * MiB, 0, 40 * MiB, 3 * MiB, 24 * MiB].entries())
      site.writeFile(pathFromText(`file-${at}`), at % 2 ? noise(length, at) : lines(length));
    const expected = await archiveOf(site, whole);
    const targets = [64, 20, 8, 3].map((mebibytes) => ({ sizeBytes: mebibytes * MiB, entries: 1000 }));
    for (const [at, target] of targets.entries())
      for (const runner of pools) {
        const blockBytes = [8 * MiB, MiB, 70_001][at % 3] ?? MiB;
        const bytes = await archiveOf(site, { runner, target, blockBytes });
        expect(bytes.equals(expected)).toBe(true);
      }
  });

  it("for any tree of small files", async () => {
    const content = fc.oneof(
      fc.nat(300).map(lines),
      fc.nat(5000).map((length) => noise(length)),
    );
    const tree = fc.uniqueArray(fc.tuple(bytePath, content), { selector: ([path]) => path, maxLength: 30 });
    const variant = fc.record({
      threads: fc.nat(2),
      entries: fc.integer({ min: 1, max: 12 }),
      blockBytes: fc.integer({ min: 200, max: 20_000 }),
    });
    await fc.assert(
      fc.asyncProperty(tree, variant, async (files, { threads, entries, blockBytes }) => {
        const site = new MemorySite();
        const names = new Set(files.map(([path]) => path));
        const isParent = (path: string): boolean => [...names].some((name) => name.startsWith(`${path}/`));
        for (const [path, bytes] of files) if (!isParent(path)) site.writeFile(path, bytes);
        const expected = await archiveOf(site, whole);
        const runner = pools[threads] ?? inlinePackRunner;
        const target = { sizeBytes: 100_000, entries };
        expect((await archiveOf(site, { runner, target, blockBytes })).equals(expected)).toBe(true);
      }),
      { numRuns: runs },
    );
  });
});
