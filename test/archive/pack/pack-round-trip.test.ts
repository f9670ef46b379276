import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryDestination } from "../../support/memory-destination.ts";
import { MemorySite } from "../../support/memory-site.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import type { PackRunner } from "../../../src/archive/threads/pack-runner.ts";
import { packStream } from "../../../src/archive/pack/pack-stream.ts";
import { readEntry, readTarget } from "../../../src/archive/read/read-entry.ts";
import { verifyArchive } from "../../support/verify-archive.ts";
import { pathFromText, type BytePath } from "../../../src/domain/byte-path.ts";
import type { ListedEntry } from "../../../src/domain/listing.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import type { SiteFiles } from "../../../src/ports/site-files.ts";
import { lines, noise } from "../../support/contents.ts";
import { listSite, packArchive, readWhole } from "../../support/pack-archive.ts";
import { bytePath } from "../entries.ts";
import { memorySource } from "../../support/memory-source.ts";
import { inlinePackRunner, inlineRunner } from "../../support/inline-runners.ts";

const MiB = 2 ** 20;
const runs = Number(process.env["LIFEBOAT_PACK_RUNS"] ?? 40);
const path = pathFromText;

const node = fc.record({
  path: bytePath,
  what: fc.oneof(
    fc.nat(3000).map((length) => ({ content: lines(length) })),
    fc.nat(3000).map((length) => ({ content: noise(length, length) })),
    bytePath.map((target) => ({ target })),
    fc.constant({}),
  ),
  options: fc.record({
    mode: fc.nat(0o7777),
    uid: fc.oneof(fc.nat(70_000), fc.constant(0xffff_fffe)),
    gid: fc.nat(70_000),
    mtimeNs: fc.oneof(
      fc.bigInt(0n, 4_000_000_000_000_000_000n),
      fc.constantFrom(-1n, 2_147_483_648_000_000_001n, -(2n ** 62n)),
    ),
  }),
});
type Node = typeof node extends fc.Arbitrary<infer Value> ? Value : never;

const siteOf = (nodes: readonly Node[], provesUnchanged: boolean): MemorySite => {
  const site = new MemorySite({ provesUnchanged });
  for (const { path: at, what, options } of nodes) {
    if ("content" in what) site.writeFile(at, what.content, options);
    else if ("target" in what) site.makeLink(at, what.target, options);
    else site.makeDirectory(at, options);
  }
  return site;
};

/** Everything that an archive and a site say about their entries, as text that can be compared. */
const described = (entry: Pick<ListedEntry, "kind" | "mode" | "uid" | "gid" | "mtimeNs">, content: Uint8Array) =>
  `${entry.kind} ${entry.mode.toString(8)} ${entry.uid}:${entry.gid} ${entry.mtimeNs} ${Buffer.from(content).toString("base64")}`;

const siteSays = async (site: MemorySite): Promise<ReadonlyMap<string, string>> => {
  const listing = await listSite(site);
  const says = new Map<string, string>();
  for (let place = 0; place < listing.length; place++) {
    const entry = listing.at(place);
    const content = entry.kind === "file" ? await site.read(entry.path, 0, entry.sizeBytes) : new Uint8Array();
    const inside = entry.kind === "link" ? Buffer.from(entry.target ?? "", "latin1") : content;
    says.set(`fs/${listing.name(place)}`, described(entry, inside));
  }
  return says;
};

const archiveSays = async (bytes: Buffer): Promise<ReadonlyMap<string, string>> => {
  const archive = await openArchive(memorySource("a.zip", bytes));
  const says = new Map<string, string>();
  for (let place = 0; place < archive.directory.length; place++) {
    const { name, kind, mode = 0, uid = 0, gid = 0, mtimeNs } = archive.directory.at(place);
    if (kind === "other") throw new Error(`${name} is of no kind that was packed.`);
    const parts: Uint8Array[] = [];
    if (kind === "link") parts.push(Buffer.from(await readTarget(archive, place), "latin1"));
    else for await (const part of readEntry(archive, place)) parts.push(part);
    says.set(name, described({ kind, mode, uid, gid, mtimeNs }, Buffer.concat(parts)));
  }
  return says;
};

describe("what is packed", () => {
  it("is read back as it was, whatever tree it is", async () => {
    const shape = fc.record({
      provesUnchanged: fc.boolean(),
      blockBytes: fc.integer({ min: 100, max: 20_000 }),
      level: fc.integer({ min: 1, max: 9 }),
      target: fc.record({ sizeBytes: fc.integer({ min: 1000, max: 50_000 }), entries: fc.integer({ min: 1, max: 9 }) }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(node, { maxLength: 25 }),
        shape,
        async (nodes, { provesUnchanged, level, ...options }) => {
          const site = siteOf(nodes, provesUnchanged);
          const destination = memoryDestination();
          const { commitId } = await packArchive({
            site,
            destination,
            runner: { ...inlinePackRunner, level },
            ...options,
          });
          const bytes = await readWhole(destination);
          expect([...(await archiveSays(bytes))]).toEqual([...(await siteSays(site))]);
          const archive = await openArchive(memorySource("a.zip", bytes));
          const report = await verifyArchive(archive, { inflate: false, commitId, runner: inlineRunner });
          expect(report.faults).toEqual([]);
        },
      ),
      { numRuns: runs },
    );
  });
});

/** Counts the content that jobs hold at a time, and lets others have a turn between job and result. */
const countingRunner = (threads: number) => {
  const count = { now: 0, most: 0 };
  const runner: PackRunner = {
    threads,
    level: inlinePackRunner.level,
    run: async (kind, job, signal) => {
      const held = "from" in job && "content" in job.from ? job.from.content.length : 0;
      count.now += held;
      count.most = Math.max(count.most, count.now);
      await new Promise(setImmediate);
      try {
        return await inlinePackRunner.run(kind, job, signal);
      } finally {
        count.now -= held;
      }
    },
  };
  return { runner, count };
};

/** As many files as wanted, of which only what is read exists. */
const siteOfMany = (files: number, sizeBytes: number): SiteFiles => {
  const entryOf = (name: string): ListedEntry => ({
    path: path(name),
    kind: "file",
    sizeBytes,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeNs: 1n,
  });
  return {
    provesUnchanged: false,
    list: async function* () {
      yield await Promise.resolve({
        entries: Array.from({ length: files }, (_, at) => entryOf(`file-${String(at).padStart(6, "0")}`)),
        leftOut: [],
      });
    },
    now: () => Promise.resolve(10_000_000_000_000n),
    read: (_path: BytePath, _offset, length) => Promise.resolve(Buffer.alloc(length, "x")),
    stat: (name) => Promise.resolve(entryOf(name)),
  };
};

/** A destination whose staging of a block is what `around` makes of it. */
const staging = (
  destination: Destination,
  around: (stage: () => Promise<void>, length: number) => Promise<void>,
): Destination =>
  // The cast is safe: everything else is the destination's own.
  Object.assign(Object.create(destination) as Destination, {
    stage: (...parameters: Parameters<Destination["stage"]>) =>
      around(() => destination.stage(...parameters), parameters[2].length),
  });

describe("how hard is deflated", () => {
  const siteOf = (content: Buffer): MemorySite => {
    const site = new MemorySite();
    site.writeFile(path("file"), content);
    return site;
  };
  const small = siteOf(lines(200_000));
  const large = siteOf(lines(9 * MiB));

  it.each([
    ["small file", small],
    ["large file", large],
  ])("is what the runner says, of a %s", async (_, site) => {
    const sizes: number[] = [];
    for (const level of [1, 4, 9]) {
      const packed = await packArchive({
        site,
        destination: memoryDestination(),
        runner: { ...inlinePackRunner, level },
      });
      sizes.push(packed.sizeBytes);
    }
    expect(sizes).toEqual([...new Set(sizes)].toSorted((a, b) => b - a));
  });

  it("is what the runner says, of a dump", async () => {
    const work = { upload: { name: "a.zip", run: "run-1" }, number: 9, blockBytes: MiB, name: path("d"), mtimeNs: 0n };
    const sizes: number[] = [];
    for (const level of [1, 4, 9]) {
      const setting = { site: small, destination: memoryDestination(), runner: { ...inlinePackRunner, level } };
      const shard = await packStream(setting, { ...work, stream: Readable.from([lines(MiB)]) });
      const packed = await packArchive({ ...setting, runner: inlinePackRunner, more: { shards: [shard], entries: 1 } });
      sizes.push(packed.sizeBytes);
    }
    expect(sizes).toEqual([...new Set(sizes)].toSorted((a, b) => b - a));
  });
});

describe("memory", () => {
  it.each([
    ["many small files", 4000, 20_000],
    ["many large files", 8, 24 * MiB],
  ])("holds a few segments a thread, whatever the number of files: %s", async (_, files, sizeBytes) => {
    const most: number[] = [];
    for (const count of [files / 2, files]) {
      const counting = countingRunner(2);
      const site = siteOfMany(count, sizeBytes);
      await packArchive({ site, destination: memoryDestination(), runner: counting.runner, blockBytes: MiB });
      most.push(counting.count.most);
    }
    expect(Math.max(...most)).toBeLessThanOrEqual(2 * 2 * 8 * MiB);
    expect(most[1]).toBeLessThanOrEqual((most[0] ?? 0) + 8 * MiB);
  });

  it("of a dump that comes faster than it is stored stays bounded too", async () => {
    let given = 0;
    let stagedBytes = 0;
    let mostAhead = 0;
    const slow = staging(memoryDestination(), async (stage, length) => {
      await new Promise(setImmediate);
      await stage();
      stagedBytes += length;
      mostAhead = Math.max(mostAhead, given - stagedBytes);
    });
    const stream = (async function* () {
      for (let at = 0; at < 12; at++) {
        given += 8 * MiB;
        yield noise(8 * MiB, at + 1);
      }
    })();
    const work = { upload: { name: "a.zip", run: "run-1" }, number: 0, blockBytes: MiB, name: path("d"), mtimeNs: 0n };
    await packStream({ destination: slow, runner: countingRunner(2).runner }, { ...work, stream });
    // Slices under way (threads and one more), the one that is filled, those held for the header, and blocks.
    expect(mostAhead).toBeLessThanOrEqual((3 + 1 + 1) * 8 * MiB + 4 * MiB + 4 * MiB);
    expect(given).toBe(96 * MiB);
  });
});

describe("cancelling", () => {
  it("ends a dump at once, stages nothing any more, and lets go of its stream", async () => {
    const controller = new AbortController();
    let hasEnded = false;
    let staged = 0;
    const destination = memoryDestination({
      before: ({ method }) => {
        if (method === "stage") staged++;
      },
    });
    const stream = (async function* () {
      try {
        for (let at = 0; ; at++) {
          if (at === 6) controller.abort(new Error("cancelled"));
          yield noise(8 * MiB, at + 1);
        }
      } finally {
        hasEnded = true;
      }
    })();
    const work = { upload: { name: "a.zip", run: "run-1" }, number: 0, blockBytes: MiB, name: path("d"), mtimeNs: 0n };
    const { signal } = controller;
    const dump = packStream({ destination, runner: inlinePackRunner }, { ...work, stream, signal });
    await expect(dump).rejects.toThrow("cancelled");
    expect(hasEnded).toBe(true);
    const before = staged;
    await new Promise(setImmediate);
    expect(staged).toBe(before);
  });

  it("leaves nothing on its way when it is over", async () => {
    const controller = new AbortController();
    let running = 0;
    let stages = 0;
    const destination = staging(memoryDestination(), async (stage) => {
      running++;
      if (++stages === 5) controller.abort(new Error("cancelled"));
      await new Promise(setImmediate);
      await stage().finally(() => running--);
    });
    const site = siteOfMany(20, 3 * MiB);
    const packing = packArchive({ site, destination, blockBytes: 1000, signal: controller.signal });
    await expect(packing).rejects.toThrow("cancelled");
    expect(running).toBe(0);
  });
});
