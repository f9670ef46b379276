import { randomBytes } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { memoryDestination } from "../../support/memory-destination.ts";
import { MemorySite } from "../../support/memory-site.ts";
import { localHeaderLength } from "../../../src/archive/records/local-header.ts";
import { openArchive, type Archive } from "../../../src/archive/read/open-archive.ts";
import { packStream } from "../../../src/archive/pack/pack-stream.ts";
import { readEntry } from "../../../src/archive/read/read-entry.ts";
import { verifyArchive } from "../../support/verify-archive.ts";
import { pathFromText, type BytePath } from "../../../src/domain/byte-path.ts";
import { FileUnreadable } from "../../../src/ports/site-files.ts";
import { lines, noise } from "../../support/contents.ts";
import { packArchive, readWhole, type PackOptions } from "../../support/pack-archive.ts";
import { memorySource } from "../../support/memory-source.ts";
import { inlinePackRunner, inlineRunner } from "../../support/inline-runners.ts";

const MiB = 2 ** 20;
const path = pathFromText;
const large = path("large.bin");
const small = path("small.txt");
interface Packed {
  readonly archive: Archive;
  readonly sealed: Awaited<ReturnType<typeof packArchive>>;
  readonly bytes: Buffer;
  readonly content: (name: string) => Promise<Buffer>;
}

/** Packs a site and proves the archive sound to the last bit before a test looks at it. */
const packed = async (site: MemorySite, options: Partial<PackOptions> = {}): Promise<Packed> => {
  const destination = options.destination ?? memoryDestination();
  const sealed = await packArchive({ site, destination, blockBytes: MiB, ...options });
  const bytes = await readWhole(destination);
  const archive = await openArchive(memorySource("a.zip", bytes));
  const report = await verifyArchive(archive, { inflate: true, commitId: sealed.commitId, runner: inlineRunner });
  expect(report.faults).toEqual([]);
  expect(report.isOurs).toBe(true);
  const content = async (name: string): Promise<Buffer> => {
    const place = archive.directory.find(path(name));
    if (place < 0) throw new Error(`${name} is not in the archive.`);
    const parts: Uint8Array[] = [];
    for await (const part of readEntry(archive, place)) parts.push(part);
    return Buffer.concat(parts);
  };
  return { archive, sealed, bytes, content };
};
const entryOf = ({ archive }: Packed, name: string) => archive.directory.at(archive.directory.find(path(name)));

describe("packing", () => {
  it("keeps files, folders, links, modes, owners and times", async () => {
    const site = new MemorySite();
    site.writeFile(path("a/run.sh"), Buffer.from("#!/bin/sh\n"), {
      mode: 0o4755,
      uid: 1000,
      gid: 70_000,
      owner: "shop",
      mtimeNs: 1_234_567_890_123_456_789n,
    });
    site.makeDirectory(path("empty"), { mode: 0o2770 });
    site.makeLink(path("a/latest"), path("../b"), {});
    site.writeFile(path("zero"), Buffer.alloc(0));
    const result = await packed(site);
    expect(result.sealed).toMatchObject({ entries: 5, leftOut: [], changed: [] });
    expect(entryOf(result, "fs/a/run.sh")).toMatchObject({
      kind: "file",
      mode: 0o4755,
      uid: 1000,
      gid: 70_000,
      mtimeNs: 1_234_567_890_123_456_789n,
    });
    expect(result.archive.directory.owners.users.get(1000)).toBe("shop");
    expect(entryOf(result, "fs/empty/")).toMatchObject({ kind: "directory", mode: 0o2770 });
    expect(entryOf(result, "fs/a/latest")).toMatchObject({ kind: "link" });
    expect((await result.content("fs/a/latest")).toString()).toBe("../b");
    expect((await result.content("fs/zero")).length).toBe(0);
  });

  it("packs nothing into an empty archive", async () => {
    const { sealed } = await packed(new MemorySite());
    expect(sealed).toMatchObject({ entries: 0, contents: { files: 0, contentBytes: 0 } });
    expect(sealed.blocks.length).toBe(1);
  });

  it("keeps names that are not UTF-8, differ only in case, end in dots, or are 4,000 bytes long", async () => {
    const site = new MemorySite();
    const names = ["\xff\xfe", "A", "a", "trailing. ", "\xf0\x9f\x98\x80"].map((name) => name as BytePath);
    const long = Array.from({ length: 20 }, () => "x".repeat(199)).join("/") as BytePath;
    for (const name of [...names, long]) site.writeFile(name, Buffer.from(name, "latin1"));
    const { archive, content } = await packed(site);
    const [first] = names;
    expect(archive.directory.find(`fs/${first}` as BytePath)).toBeGreaterThanOrEqual(0);
    expect((await content(`fs/${long}`)).toString("latin1")).toBe(long);
    expect(long.length).toBe(3999);
  });

  it("packs large files by slices, compressible or not, with the content hash of their slices", async () => {
    const site = new MemorySite();
    const contents = { "text.log": lines(20 * MiB + 17), "noise.bin": noise(9 * MiB), exact: lines(16 * MiB) };
    for (const [name, content] of Object.entries(contents)) site.writeFile(path(name), content);
    const result = await packed(site);
    for (const [name, content] of Object.entries(contents))
      expect((await result.content(`fs/${name}`)).equals(content)).toBe(true);
    expect(entryOf(result, "fs/text.log").storedBytes).toBeLessThan(5 * MiB);
    expect(entryOf(result, "fs/noise.bin").storedBytes).toBeLessThan(9 * MiB + 2000);
  });

  it("names an entry that was modified in the minute before, so that it is never taken for unchanged", async () => {
    let now = 1_700_000_000_000_000_000n;
    const site = new MemorySite({ nowNs: () => now });
    site.writeFile(path("old"), Buffer.from("1"));
    now += 10_000_000_000n;
    site.writeFile(path("young"), Buffer.from("2"));
    now += 55_000_000_000n;
    const result = await packed(site);
    expect(entryOf(result, "fs/old").mayHaveChanged).toBe(false);
    expect(entryOf(result, "fs/young").mayHaveChanged).toBe(true);
  });
});

describe("a site that changes while it is packed", () => {
  const vanishing = async (name: BytePath, length: number): Promise<Packed> => {
    const site = new MemorySite();
    site.writeFile(path("a"), Buffer.from("a"));
    site.writeFile(name, lines(length));
    site.writeFile(path("z"), Buffer.from("z"));
    return packed(site, { whenListed: () => site.remove(name) });
  };

  it.each([
    ["small", small, 100],
    ["large", large, 20 * MiB],
  ])("leaves out a %s file that vanished, with the reason", async (_, name, length) => {
    const { sealed, content } = await vanishing(name, length);
    expect(sealed.entries).toBe(2);
    expect(sealed.leftOut).toEqual([{ path: name, reason: expect.stringContaining("vanished") as string }]);
    expect((await content("fs/z")).toString()).toBe("z");
  });

  it("leaves out what cannot be read, in the middle of a large file too, although blocks of it are staged", async () => {
    const site = new MemorySite({
      beforeRead: (name, offset) => {
        if (name === small || (name === large && offset >= 16 * MiB))
          throw new FileUnreadable(name, "Permission was denied (EACCES).");
      },
    });
    site.writeFile(large, noise(24 * MiB));
    site.writeFile(small, Buffer.from("secret"));
    site.writeFile(path("other"), Buffer.from("other"));
    const { sealed, content } = await packed(site);
    expect(sealed.leftOut.map((left) => left.path).toSorted()).toEqual([large, small]);
    expect(sealed.leftOut[0]?.reason).toContain("EACCES");
    expect((await content("fs/other")).toString()).toBe("other");
  });

  it("leaves out a file that became a folder", async () => {
    const site = new MemorySite();
    site.writeFile(small, Buffer.from("1"));
    const whenListed = (): void => {
      site.remove(small);
      site.makeDirectory(small);
    };
    const { sealed } = await packed(site, { whenListed });
    expect(sealed.leftOut).toEqual([{ path: small, reason: expect.any(String) as string }]);
  });

  it.each([
    ["small", small, Buffer.from("old"), Buffer.from("and now longer")],
    ["small that became empty", small, Buffer.from("old"), Buffer.alloc(0)],
    ["large", large, lines(9 * MiB), lines(17 * MiB)],
    ["large that became small", large, lines(9 * MiB), Buffer.from("tiny")],
    ["large that became empty", large, lines(9 * MiB), Buffer.alloc(0)],
    ["small that became large", small, Buffer.from("old"), lines(9 * MiB)],
  ])("packs a %s file that changed since the listing as it is now", async (_, name, before, after) => {
    const site = new MemorySite();
    site.writeFile(path("a"), Buffer.from("a"));
    site.writeFile(name, before);
    site.writeFile(path("z"), Buffer.from("z"));
    const result = await packed(site, { whenListed: () => site.writeFile(name, after, { mode: 0o600 }) });
    expect((await result.content(`fs/${name}`)).equals(after)).toBe(true);
    expect(result.sealed).toMatchObject({ entries: 3, leftOut: [], changed: [] });
    expect(entryOf(result, `fs/${name}`)).toMatchObject({ mode: 0o600, changedWhileRead: false });
  });

  it.each([
    ["small", small, lines(1000)],
    ["large", large, lines(9 * MiB)],
  ])(
    "reads a %s file once more that changes while it is read, and says nothing when it then holds still",
    async (_, name, content) => {
      let writes = 0;
      const site = new MemorySite({
        beforeRead: () => {
          if (writes++ === 0) site.writeFile(name, content);
        },
      });
      site.writeFile(name, Buffer.from(content.map((byte) => byte ^ 1)));
      const result = await packed(site);
      expect((await result.content(`fs/${name}`)).equals(content)).toBe(true);
      expect(result.sealed.changed).toEqual([]);
    },
  );

  it.each([
    ["small", small, 1000],
    ["held", large, 9 * MiB],
  ])("packs a %s file that never holds still as it was read, flags it and reports it", async (_, name, length) => {
    let count = 0;
    const site = new MemorySite({
      beforeRead: (read) => {
        if (read === name) site.writeFile(name, lines(length + ++count));
      },
    });
    site.writeFile(name, lines(length));
    const result = await packed(site);
    expect(result.sealed).toMatchObject({ entries: 1, leftOut: [], changed: [name] });
    expect(entryOf(result, `fs/${name}`).changedWhileRead).toBe(true);
    const content = await result.content(`fs/${name}`);
    expect(content.equals(lines(content.length))).toBe(true);
  });

  it.each([
    [3, false],
    [100, true],
  ])(
    "reads a file that was just changed twice where no time tells one change from the next, here of %d",
    async (changes, neverStill) => {
      let count = 0;
      const site = new MemorySite({
        granularityNs: 2_000_000_000n,
        beforeRead: (read) => {
          if (read === small && count < changes) site.writeFile(small, Buffer.from(`version ${++count}`));
        },
      });
      site.writeFile(small, Buffer.from("version 0"));
      const result = await packed(site);
      expect((await result.content("fs/small.txt")).toString()).toBe(neverStill ? "version 5" : "version 3");
      expect(result.sealed.changed).toEqual(neverStill ? [small] : []);
    },
  );

  it("packs a large file as read that is cut short when parts of it are already staged", async () => {
    const site = new MemorySite({
      beforeRead: (_, offset) => {
        if (offset >= 16 * MiB) site.writeFile(large, noise(17 * MiB));
      },
    });
    site.writeFile(large, noise(40 * MiB));
    const result = await packed(site, { runner: { ...inlinePackRunner, threads: 1 } });
    expect(result.sealed.changed).toEqual([large]);
    const content = await result.content(`fs/${large}`);
    expect(content.equals(noise(17 * MiB))).toBe(true);
  });
});

describe("a large file over several shards", () => {
  const target = { sizeBytes: 16 * MiB, entries: 1000 };
  const content = noise(60 * MiB + 5);
  const siteOf = (options: ConstructorParameters<typeof MemorySite>[0] = {}): MemorySite => {
    const site = new MemorySite(options);
    site.writeFile(path("a"), lines(1000));
    site.writeFile(large, content);
    site.writeFile(path("z"), lines(1000));
    return site;
  };

  it("comes out whole", async () => {
    const { sealed, content: read } = await packed(siteOf(), { target });
    expect(sealed.shards.length).toBeGreaterThan(3);
    expect((await read(`fs/${large}`)).equals(content)).toBe(true);
    expect(sealed).toMatchObject({ entries: 3, changed: [], leftOut: [] });
  });

  it("ends where the first short slice ends, whatever later shards have read", async () => {
    const site = siteOf({
      beforeRead: (_, offset) => {
        if (offset === 24 * MiB) site.writeFile(large, content.subarray(0, 25 * MiB));
        if (offset === 32 * MiB) site.writeFile(large, content);
      },
    });
    const result = await packed(site, { target });
    expect((await result.content(`fs/${large}`)).equals(content.subarray(0, 25 * MiB))).toBe(true);
    expect(result.sealed.changed).toEqual([large]);
    expect((await result.content("fs/z")).equals(lines(1000))).toBe(true);
  });

  it("is left out whole when a part of it cannot be read", async () => {
    const site = siteOf({
      beforeRead: (name, offset) => {
        if (offset === 40 * MiB) throw new FileUnreadable(name, "The disk reported an error (EIO).");
      },
    });
    const { sealed, content: read } = await packed(site, { target });
    expect(sealed.leftOut).toEqual([{ path: large, reason: "The disk reported an error (EIO)." }]);
    expect(sealed.entries).toBe(2);
    expect((await read("fs/z")).equals(lines(1000))).toBe(true);
    expect(sealed.sizeBytes).toBeLessThan(MiB);
  });
});

describe("a dump", () => {
  it.each([0, 1000, 8 * MiB, 20 * MiB])(
    "of %d bytes becomes one entry in the root, beside the files",
    async (length) => {
      const site = new MemorySite();
      site.writeFile(path("index.php"), Buffer.from("<?php"));
      const destination = memoryDestination();
      const content = lines(length);
      const stream = (async function* () {
        for (let at = 0; at < content.length; at += 70_001) yield content.subarray(at, at + 70_001);
      })();
      const shard = await packStream(
        { destination, runner: inlinePackRunner },
        {
          upload: { name: "a.zip", run: "run-1" },
          number: 7,
          blockBytes: MiB,
          name: path("shop.sql"),
          stream,
          mtimeNs: 5n,
        },
      );
      const result = await packed(site, { destination, more: { shards: [shard], entries: 1 } });
      expect((await result.content("shop.sql")).equals(content)).toBe(true);
      expect(result.sealed.entries).toBe(2);
    },
  );

  it("fails with the failure of its stream", async () => {
    const stream = (async function* () {
      yield Buffer.from("CREATE");
      throw new Error("pg_dump ended with 1");
    })();
    const dump = packStream(
      { destination: memoryDestination(), runner: inlinePackRunner },
      { upload: { name: "a.zip", run: "run-1" }, number: 0, blockBytes: MiB, name: path("d"), stream, mtimeNs: 0n },
    );
    await expect(dump).rejects.toThrow("pg_dump ended with 1");
  });
});

describe("cancelling", () => {
  it("ends packing at once with the signal's reason", async () => {
    const controller = new AbortController();
    const site = new MemorySite({ beforeRead: () => controller.abort(new Error("cancelled")) });
    for (let file = 0; file < 3000; file++) site.writeFile(path(`f${file}`), randomBytes(10));
    const result = packArchive({ site, destination: memoryDestination(), signal: controller.signal });
    await expect(result).rejects.toThrow("cancelled");
  });

  it("throws the destination's failure", async () => {
    const site = new MemorySite();
    site.writeFile(small, lines(MiB));
    const destination = memoryDestination({
      before: ({ method }) => {
        if (method === "stage") throw new Error("the network is down");
      },
    });
    await expect(packArchive({ site, destination })).rejects.toThrow("the network is down");
  });
});

it("inflates with any other tool: a large entry is one deflate stream", async () => {
  const site = new MemorySite();
  site.writeFile(large, lines(18 * MiB));
  const result = await packed(site);
  const entry = entryOf(result, "fs/large.bin");
  const start = entry.offset + localHeaderLength(entry);
  const stored = result.bytes.subarray(start, start + entry.storedBytes);
  expect(inflateRawSync(stored).equals(lines(18 * MiB))).toBe(true);
});
