import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BytePath, pathFromText } from "../../src/domain/byte-path.ts";
import type { LeftOut, ListedEntry } from "../../src/domain/listing.ts";
import { FileUnreadable, type SiteFiles } from "../../src/ports/site-files.ts";
import { failureOf } from "../support/failure-of.ts";

/** An empty site and the hands of its users. */
export interface SiteSubject {
  readonly files: SiteFiles;
  /** Creates or overwrites in place; folders on the way are made. */
  writeFile(path: BytePath, content: Uint8Array, mtimeNs?: bigint): void;
  makeDirectory(path: BytePath): void;
  makeLink(path: BytePath, target: BytePath): void;
  remove(path: BytePath): void;
  dispose(): void;
}

export const listAll = async (
  files: SiteFiles,
): Promise<{ readonly entries: readonly ListedEntry[]; readonly leftOut: readonly LeftOut[] }> => {
  const entries: ListedEntry[] = [];
  const leftOut: LeftOut[] = [];
  for await (const batch of files.list()) {
    entries.push(...batch.entries);
    leftOut.push(...batch.leftOut);
  }
  return { entries, leftOut };
};

const path = pathFromText;
const bytes = (text: string): Buffer => Buffer.from(text);
const unreadable = (work: Promise<unknown>): Promise<FileUnreadable> => failureOf(FileUnreadable, work);

/** Every sentence of the SiteFiles port's comments, against any implementation. */
export const siteFilesContract = (implementation: string, make: () => SiteSubject): void => {
  describe(`${implementation} keeps the site files contract`, () => {
    let site: SiteSubject;
    beforeEach(() => {
      site = make();
    });
    afterEach(() => site.dispose());
    const subject = (): SiteSubject => site;

    describe("list", () => lists(subject));
    describe("read", () => reads(subject));
    describe("stat", () => stats(subject));
    describe("time", () => tellsTime(subject));
  });
};

const lists = (site: () => SiteSubject): void => {
  it("tells everything below the home once, parents before children", async () => {
    for (let n = 0; n < 1_500; n++) site().writeFile(path(`site/wwwroot/${n % 7}/file-${n}`), bytes(String(n)));
    site().makeDirectory(path("data/empty"));
    const { entries } = await listAll(site().files);
    const seen = new Set<string>();
    for (const entry of entries) {
      const parent = entry.path.slice(0, Math.max(entry.path.lastIndexOf("/"), 0));
      expect(parent === "" || seen.has(parent)).toBe(true);
      seen.add(entry.path);
    }
    expect(seen.size).toBe(entries.length);
    expect(entries.length).toBe(1_500 + 7 + 4);
    expect(seen.has("data/empty")).toBe(true);
  });

  it("tells nothing of an empty site", async () => {
    expect(await listAll(site().files)).toEqual({ entries: [], leftOut: [] });
  });

  it("tells kind, size and permissions", async () => {
    site().writeFile(path("a/file"), bytes("12345"));
    site().makeLink(path("a/link"), path("file"));
    const { entries } = await listAll(site().files);
    const byPath = new Map(entries.map((entry) => [entry.path, entry]));
    expect(byPath.get(path("a"))).toMatchObject({ kind: "directory", sizeBytes: 0 });
    expect(byPath.get(path("a/file"))).toMatchObject({ kind: "file", sizeBytes: 5 });
    expect(byPath.get(path("a/link"))).toMatchObject({ kind: "link", sizeBytes: 0 });
    for (const entry of entries) expect(entry.mode & ~0o7777).toBe(0);
  });

  it("tells links with their target verbatim and never follows them", async () => {
    site().writeFile(path("real/inside"), bytes("x"));
    site().makeLink(path("to folder"), path("real"));
    site().makeLink(path("to nowhere"), path("../../no//such/./place/"));
    site().makeLink(path("to itself"), path("to itself"));
    const { entries } = await listAll(site().files);
    const targets = entries.filter(({ kind }) => kind === "link").map((entry) => `${entry.path} -> ${entry.target}`);
    expect(targets.toSorted()).toEqual([
      "to folder -> real",
      "to itself -> to itself",
      "to nowhere -> ../../no//such/./place/",
    ]);
    expect(entries.length).toBe(5);
  });

  it("stops when it is told to", async () => {
    for (let n = 0; n < 3_000; n++) site().writeFile(path(`file-${n}`), bytes(""));
    const stop = new AbortController();
    const work = (async () => {
      for await (const _ of site().files.list(stop.signal)) stop.abort(new Error("enough"));
    })();
    await expect(work).rejects.toThrow("enough");
  });
};

const reads = (site: () => SiteSubject): void => {
  it("gives the bytes asked for, and fewer only at the end of the file", async () => {
    site().writeFile(path("file"), bytes("0123456789"));
    const { files } = site();
    expect(Buffer.from(await files.read(path("file"), 0, 10)).toString()).toBe("0123456789");
    expect(Buffer.from(await files.read(path("file"), 3, 4)).toString()).toBe("3456");
    expect(Buffer.from(await files.read(path("file"), 8, 100)).toString()).toBe("89");
    expect((await files.read(path("file"), 10, 1)).length).toBe(0);
    expect((await files.read(path("file"), 99, 1)).length).toBe(0);
  });

  it("names a file that vanished", async () => {
    const error = await unreadable(site().files.read(path("never/was"), 0, 1));
    expect(error.path).toBe("never/was");
    expect(error.message).toMatch(/vanished/);
  });

  it("does not read folders, and does not read through links", async () => {
    site().writeFile(path("folder/secret"), bytes("secret"));
    site().makeLink(path("link"), path("folder/secret"));
    await unreadable(site().files.read(path("folder"), 0, 1));
    await unreadable(site().files.read(path("link"), 0, 1));
  });

  it("does not read through a link that took the place of a folder", async () => {
    site().writeFile(path("elsewhere/file"), bytes("not part of the site's folder"));
    site().writeFile(path("folder/file"), bytes("x"));
    site().remove(path("folder"));
    site().makeLink(path("folder"), path("elsewhere"));
    await unreadable(site().files.read(path("folder/file"), 0, 1));
  });
};

const stats = (site: () => SiteSubject): void => {
  it("tells each entry as it was listed", async () => {
    site().writeFile(path("a/b/file"), bytes("content"));
    site().makeLink(path("a/link"), path("b"));
    const { entries } = await listAll(site().files);
    for (const entry of entries) expect(await site().files.stat(entry.path)).toEqual(entry);
  });

  it("tells nothing of what is gone", async () => {
    site().writeFile(path("a/file"), bytes(""));
    site().remove(path("a/file"));
    expect(await site().files.stat(path("a/file"))).toBeUndefined();
    expect(await site().files.stat(path("a/file/below"))).toBeUndefined();
  });

  it("tells nothing of what lies behind a link", async () => {
    site().writeFile(path("real/file"), bytes(""));
    site().makeLink(path("link"), path("real"));
    expect(await site().files.stat(path("link/file"))).toBeUndefined();
  });
};

const tellsTime = (site: () => SiteSubject): void => {
  it("tells an edit by ctime or inode even when size and mtime are set back", async () => {
    if (!site().files.provesUnchanged) return;
    site().writeFile(path("file"), bytes("before"), 1_600_000_000_000_000_000n);
    const before = await site().files.stat(path("file"));
    // Two edits within one tick of the clock look alike; that is what now() is for.
    const after = await (async () => {
      for (;;) {
        site().writeFile(path("file"), bytes("later."), 1_600_000_000_000_000_000n);
        const stat = await site().files.stat(path("file"));
        if (stat?.ctimeNs !== before?.ctimeNs || stat?.inode !== before?.inode) return stat;
      }
    })();
    expect(after).toMatchObject({ sizeBytes: before?.sizeBytes, mtimeNs: before?.mtimeNs });
  });

  it("tells neither ctime nor inode where they prove nothing", async () => {
    if (site().files.provesUnchanged) return;
    site().writeFile(path("file"), bytes("x"));
    const stat = await site().files.stat(path("file"));
    expect(stat?.ctimeNs).toBeUndefined();
    expect(stat?.inode).toBeUndefined();
  });

  it("has a clock that lies between the files written before and after", async () => {
    site().writeFile(path("before"), bytes("x"));
    const now = await site().files.now();
    site().writeFile(path("after"), bytes("x"));
    const before = await site().files.stat(path("before"));
    const after = await site().files.stat(path("after"));
    expect(before !== undefined && before.mtimeNs <= now).toBe(true);
    expect(after !== undefined && after.mtimeNs >= now).toBe(true);
  });

  it("leaves no trace of asking for the time", async () => {
    site().makeDirectory(path("folder"));
    const before = await listAll(site().files);
    await site().files.now();
    expect(await listAll(site().files)).toEqual(before);
  });
};
