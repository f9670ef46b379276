import { describe, expect, it } from "vitest";
import { memoryDestination } from "../../support/memory-destination.ts";
import { MemorySite, type MemorySiteOptions } from "../../support/memory-site.ts";
import { DirectoryColumns } from "../../../src/archive/directory/directory-columns.ts";
import { ListingColumns } from "../../../src/archive/listing/listing-columns.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { entriesToPack, planReuse, type Reread, type ReusePlan } from "../../../src/archive/reuse/reuse-plan.ts";
import { pathFromText, type BytePath } from "../../../src/domain/byte-path.ts";
import { FileUnreadable, type SiteFiles } from "../../../src/ports/site-files.ts";
import { openStoredArchive } from "../../support/archive-contents.ts";
import { lines, noise } from "../../support/contents.ts";
import { listSite, packArchive } from "../../support/pack-archive.ts";
import { rawZip } from "../../support/raw-zip.ts";
import { memorySource } from "../../support/memory-source.ts";
import { inlineRunner } from "../../support/inline-runners.ts";

const path = pathFromText;
const second = 1_000_000_000n;
const seldom: Reread = { run: 0, every: 1_000_003 };
const a = path("a");
const b = path("b");

/** A site with a clock to move, and what is read of it. */
const siteWithClock = (options: MemorySiteOptions = {}) => {
  const clock = { ns: 1_700_000_000n * second };
  const read: BytePath[] = [];
  const beforeRead = async (name: BytePath, offset: number): Promise<void> => {
    read.push(name);
    await options.beforeRead?.(name, offset);
  };
  return { clock, read, site: new MemorySite({ ...options, nowNs: () => clock.ns, beforeRead }) };
};

type Watched = ReturnType<typeof siteWithClock>;

/** Packs the site a minute after its last change, and lets another minute pass. */
const directoryAfterPacking = async ({ clock, read, site }: Watched): Promise<DirectoryColumns> => {
  const destination = memoryDestination();
  clock.ns += 61n * second;
  await packArchive({ site, destination });
  clock.ns += 61n * second;
  read.length = 0;
  return (await openStoredArchive(destination, "a.zip")).directory;
};

const plan = async ({ site }: Watched, previous: DirectoryColumns, reread = seldom): Promise<ReusePlan> =>
  planReuse(previous, { listing: await listSite(site), files: site }, { runner: inlineRunner, reread });

/** What is packed anew, by path. */
const packedAgain = async (set: Watched, reused: ReusePlan): Promise<readonly string[]> => {
  const rest = entriesToPack(await listSite(set.site), reused);
  return Array.from({ length: rest.length }, (_, place) => rest.at(place).path);
};

describe("where ctime and inode prove that nothing changed", () => {
  it("copies everything without reading a byte of the site", async () => {
    const set = siteWithClock();
    set.site.writeFile(a, lines(1000));
    set.site.writeFile(path("d/large"), noise(9_000_000));
    set.site.makeLink(path("link"), a);
    const previous = await directoryAfterPacking(set);
    const reused = await plan(set, previous);
    expect(reused.copied).toBe(4);
    expect(reused.copiedBytes).toBeGreaterThan(9_000_000);
    expect(await packedAgain(set, reused)).toEqual([]);
    expect(set.read).toEqual([]);
  });

  it("packs a file of other content though size and time of modification are the same", async () => {
    const set = siteWithClock();
    set.site.writeFile(a, noise(1000, 1), { mtimeNs: 5n * second });
    set.site.writeFile(b, noise(1000, 1));
    const previous = await directoryAfterPacking(set);
    set.site.writeFile(a, noise(1000, 2), { mtimeNs: 5n * second });
    set.clock.ns += 61n * second;
    expect(await packedAgain(set, await plan(set, previous))).toEqual(["a"]);
  });

  it("packs a file that lies where another one lay, also when all times were put back", async () => {
    const set = siteWithClock();
    set.site.writeFile(a, noise(1000, 1));
    const written = set.clock.ns;
    const previous = await directoryAfterPacking(set);
    const now = set.clock.ns;
    set.site.remove(a);
    set.clock.ns = written;
    set.site.writeFile(a, noise(1000, 2));
    set.clock.ns = now;
    expect(await packedAgain(set, await plan(set, previous))).toEqual(["a"]);
  });

  it("copies a file whose mode, owner or change time alone is another, when its content is the same", async () => {
    const set = siteWithClock();
    const mtimeNs = 5n * second;
    for (const name of ["mode", "owner", "touched"]) set.site.writeFile(path(name), lines(1000), { mtimeNs });
    const previous = await directoryAfterPacking(set);
    set.site.writeFile(path("mode"), lines(1000), { mtimeNs, mode: 0o600 });
    set.site.writeFile(path("owner"), lines(1000), { mtimeNs, uid: 33 });
    set.site.writeFile(path("touched"), lines(1000), { mtimeNs: mtimeNs + 7n });
    set.clock.ns += 61n * second;
    expect((await plan(set, previous)).copied).toBe(3);
    expect(set.read.toSorted()).toEqual(["mode", "owner", "touched"]);
  });

  it("packs a file whose header in the zip would be another", async () => {
    const set = siteWithClock();
    set.site.writeFile(a, lines(1000), { mtimeNs: 5_000n * second });
    const previous = await directoryAfterPacking(set);
    set.site.writeFile(a, lines(1000), { mtimeNs: 500_000_000n * second });
    set.clock.ns += 61n * second;
    expect(await packedAgain(set, await plan(set, previous))).toEqual(["a"]);
  });

  it("never copies what was read less than a minute after its last change", async () => {
    const set = siteWithClock();
    set.site.writeFile(a, lines(1000));
    const destination = memoryDestination();
    set.clock.ns += 59n * second;
    await packArchive({ site: set.site, destination });
    const { directory } = await openStoredArchive(destination, "a.zip");
    expect(directory.at(0).mayHaveChanged).toBe(true);
    set.clock.ns += 3600n * second;
    expect((await plan(set, directory)).copied).toBe(0);
  });

  it("never copies what changed while it was read", async () => {
    const set = siteWithClock();
    set.site.writeFile(a, lines(10));
    const packed = (await directoryAfterPacking(set)).at(0);
    for (const changedWhileRead of [false, true]) {
      const previous = new DirectoryColumns();
      previous.append({ ...packed, changedWhileRead });
      expect((await plan(set, previous)).copied).toBe(changedWhileRead ? 0 : 1);
    }
  });

  it("packs rather than reads what was changed less than a minute ago, though its content is the same", async () => {
    const set = siteWithClock();
    set.site.writeFile(a, lines(1000), { mtimeNs: 5n * second });
    const previous = await directoryAfterPacking(set);
    set.site.writeFile(a, lines(1000), { mtimeNs: 5n * second });
    set.clock.ns += 59n * second;
    expect((await plan(set, previous)).copied).toBe(0);
    expect(set.read).toEqual([]);
  });
});

describe("where nothing proves that a file is unchanged", () => {
  it("reads every file of the same size, and copies those of the same content", async () => {
    const set = siteWithClock({ provesUnchanged: false });
    const mtimeNs = 5n * second;
    for (const name of ["a", "b", "grown"]) set.site.writeFile(path(name), noise(1000, 1), { mtimeNs });
    set.site.writeFile(path("large"), noise(9_000_000), { mtimeNs });
    const previous = await directoryAfterPacking(set);
    set.site.writeFile(b, noise(1000, 2), { mtimeNs });
    set.site.writeFile(path("grown"), noise(1001, 1), { mtimeNs });
    const reused = await plan(set, previous);
    expect(await packedAgain(set, reused)).toEqual(["b", "grown"]);
    expect([...new Set(set.read)].toSorted()).toEqual(["a", "b", "large"]);
    expect(reused.disagreed).toEqual([]);
  });

  it("reads a file also when its host tells change time and inode, which prove nothing there", async () => {
    const set = siteWithClock();
    set.site.writeFile(a, noise(1000, 1));
    const written = set.clock.ns;
    const previous = await directoryAfterPacking(set);
    set.clock.ns = written;
    set.site.writeFile(a, noise(1000, 2));
    set.clock.ns += 61n * second;
    const { site } = set;
    const files: SiteFiles = {
      provesUnchanged: false,
      list: (signal) => site.list(signal),
      now: () => site.now(),
      read: (...range) => site.read(...range),
      stat: (name) => site.stat(name),
    };
    const options = { runner: inlineRunner, reread: seldom };
    const listing = await listSite(site);
    expect((await planReuse(previous, { listing, files: site }, options)).copied).toBe(1);
    expect((await planReuse(previous, { listing, files }, options)).copied).toBe(0);
  });

  it("packs what there is no time to read", async () => {
    const set = siteWithClock({ provesUnchanged: false });
    const names = Array.from({ length: 2_000 }, (_, number) => path(`file ${number}`));
    for (const name of names) set.site.writeFile(name, lines(10), { mtimeNs: 5n * second });
    const previous = await directoryAfterPacking(set);
    const options = { runner: inlineRunner, reread: seldom, hasTime: () => set.read.length < 500 };
    const reused = await planReuse(previous, { listing: await listSite(set.site), files: set.site }, options);
    expect(set.read.length).toBeGreaterThanOrEqual(500);
    expect(set.read.length).toBeLessThan(2_000);
    expect(reused.copied).toBe(set.read.length);
    expect((await packedAgain(set, reused)).length).toBe(2_000 - reused.copied);
  });

  it("packs what cannot be read, so that the log says why it is missing", async () => {
    let isLocked = false;
    const set = siteWithClock({
      provesUnchanged: false,
      beforeRead: (name) => {
        if (isLocked && name === a) throw new FileUnreadable(name, "Permission was denied (EACCES).");
      },
    });
    set.site.writeFile(a, lines(10), { mtimeNs: 5n * second });
    const previous = await directoryAfterPacking(set);
    isLocked = true;
    expect(await packedAgain(set, await plan(set, previous))).toEqual(["a"]);
  });
});

describe("what is listed today", () => {
  it("decides: nothing else is copied", async () => {
    const set = siteWithClock();
    set.site.writeFile(a, lines(10));
    set.site.writeFile(path("cache/x"), lines(10));
    const previous = await directoryAfterPacking(set);
    const filtered = new ListingColumns();
    for await (const { entries } of set.site.list())
      for (const entry of entries) if (!entry.path.startsWith("cache")) filtered.append(entry);
    filtered.sort();
    const options = { runner: inlineRunner, reread: seldom };
    const reused = await planReuse(previous, { listing: filtered, files: set.site }, options);
    expect([...reused.archivedAt].map((place) => previous.name(place))).toEqual(["fs/a"]);
  });

  it("is packed where it is another kind of thing by now, or another link", async () => {
    const set = siteWithClock();
    set.site.makeDirectory(path("folder"));
    set.site.makeLink(path("link"), a);
    set.site.writeFile(path("file"), lines(10));
    const previous = await directoryAfterPacking(set);
    set.site.writeFile(path("folder"), lines(10));
    set.site.makeLink(path("link"), b, { mtimeNs: previous.at(previous.find(path("fs/link"))).mtimeNs });
    set.site.makeDirectory(path("file"));
    set.clock.ns += 61n * second;
    expect((await plan(set, previous)).copied).toBe(0);
  });

  it("is packed where its entry takes longer to copy than a step has", async () => {
    const set = siteWithClock();
    set.site.writeFile(a, lines(10));
    const packed = (await directoryAfterPacking(set)).at(0);
    const previous = new DirectoryColumns();
    previous.append({ ...packed, storedBytes: 16 * 2 ** 30 + 1 });
    expect((await plan(set, previous)).copied).toBe(0);
  });

  it("is packed when the previous archive is another tool's", async () => {
    const set = siteWithClock({ provesUnchanged: false });
    set.site.writeFile(a, Buffer.from("content"), { mtimeNs: 315_532_800n * second });
    set.clock.ns += 61n * second;
    const { directory } = await openArchive(memorySource("b", rawZip([{ name: "fs/a", content: "content" }])));
    expect((await plan(set, directory)).copied).toBe(0);
  });

  it("is packed as it is listed when there is nothing to copy", async () => {
    const set = siteWithClock();
    set.site.writeFile(a, lines(10));
    const listing = await listSite(set.site);
    const reused = await plan(set, new DirectoryColumns());
    expect(entriesToPack(listing, reused)).toBe(listing);
  });
});

describe("looking again at what metadata proves", () => {
  const names = Array.from({ length: 40 }, (_, number) => path(`file ${number}`));

  it("reads each file in one of N runs", async () => {
    const set = siteWithClock();
    for (const name of names) set.site.writeFile(name, lines(10));
    const previous = await directoryAfterPacking(set);
    const reads: BytePath[] = [];
    for (let run = 100; run < 104; run++) {
      set.read.length = 0;
      expect((await plan(set, previous, { run, every: 4 })).copied).toBe(40);
      expect(set.read.length).toBeLessThan(20);
      reads.push(...set.read);
    }
    expect(reads.toSorted()).toEqual(names.toSorted());
  });

  it("is left for another time when there is none", async () => {
    const set = siteWithClock();
    for (const name of names) set.site.writeFile(name, lines(10));
    const previous = await directoryAfterPacking(set);
    const options = { runner: inlineRunner, reread: { run: 0, every: 1 }, hasTime: () => false };
    const reused = await planReuse(previous, { listing: await listSite(set.site), files: set.site }, options);
    expect([reused.copied, set.read.length]).toEqual([40, 0]);
  });

  it("packs and names a file whose content changed behind the file system's back", async () => {
    const set = siteWithClock();
    set.site.writeFile(a, noise(1000, 1));
    set.site.writeFile(b, noise(1000, 1));
    const written = set.clock.ns;
    const previous = await directoryAfterPacking(set);
    const now = set.clock.ns;
    set.clock.ns = written;
    set.site.writeFile(a, noise(1000, 2));
    set.clock.ns = now;
    expect(await plan(set, previous)).toMatchObject({ copied: 2, disagreed: [] });
    const reused = await plan(set, previous, { run: 0, every: 1 });
    expect(reused.disagreed).toEqual([a]);
    expect(await packedAgain(set, reused)).toEqual(["a"]);
  });

  it("does not wonder at a file that is edited between the listing and the second look", async () => {
    const set: Watched = siteWithClock({
      beforeRead: () => {
        set.clock.ns += 1n;
        set.site.writeFile(a, noise(1000, 2));
      },
    });
    set.site.writeFile(a, noise(1000, 1));
    const destination = memoryDestination();
    const quiet = siteWithClock();
    quiet.site.writeFile(a, noise(1000, 1));
    quiet.clock.ns += 61n * second;
    await packArchive({ site: quiet.site, destination });
    set.clock.ns += 61n * second;
    const { directory } = await openStoredArchive(destination, "a.zip");
    const reused = await plan(set, directory, { run: 0, every: 1 });
    expect(reused).toMatchObject({ copied: 0, disagreed: [] });
    expect(set.read).toEqual([a]);
  });
});
