import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { filesPrefix } from "../../../src/archive/listing/entry-row.ts";
import { extractToRoots, type ExtractToRootsOptions } from "../../../src/archive/restore/extract-to-roots.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { lifeboatZip, type Content } from "../../support/lifeboat-zip.ts";
import { rawZip } from "../../support/raw-zip.ts";
import { memorySource } from "../../support/memory-source.ts";
import { inlineRunner } from "../../support/inline-runners.ts";

let scratch: string;
let target: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "lifeboat-extract-"));
  target = join(scratch, "target");
  mkdirSync(target);
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const extract = async (zip: Buffer, options: Partial<ExtractToRootsOptions> = {}) => {
  const archive = await openArchive(memorySource("test.zip", zip));
  return extractToRoots(archive, archive.byOffset, {
    runner: inlineRunner,
    roots: [{ at: pathFromText(""), directory: target }],
    prefix: filesPrefix,
    stampsFolders: true,
    ...options,
  });
};

const large = Buffer.alloc(9 * 2 ** 20 + 5, "a file of several slices, ");
const tree: readonly Content[] = [
  { name: "fs/site/", entry: { mode: 0o711, mtimeNs: 1_600_000_000_000_000_000n } },
  { name: "fs/site/empty/", entry: { mode: 0o700 } },
  { name: "fs/site/a.txt", content: "first", entry: { mode: 0o640, mtimeNs: 1_500_000_000_500_000_000n } },
  { name: "fs/site/deep/er/b.txt", content: "second ".repeat(500) },
  { name: "fs/site/large", content: large },
  {
    name: "fs/site/link",
    content: "../outside/nothing",
    link: true,
    entry: { mtimeNs: 1_400_000_000_000_000_000n },
  },
  { name: Buffer.from("fs/site/\xff\xfe not utf-8", "latin1"), content: "raw name" },
];

describe("unpacking into directories", () => {
  it("gives files, folders and links their content, mode and time", async () => {
    const { entries, notMade } = await extract(lifeboatZip(tree));
    expect(entries).toBe(tree.length);
    expect(notMade).toEqual([]);
    const site = join(target, "site");
    expect(readFileSync(join(site, "a.txt"), "utf8")).toBe("first");
    expect(readFileSync(join(site, "deep/er/b.txt"), "utf8")).toBe("second ".repeat(500));
    expect(readFileSync(join(site, "large")).equals(large)).toBe(true);
    expect(readlinkSync(join(site, "link"))).toBe("../outside/nothing");
    expect(readdirSync(join(site, "empty"))).toEqual([]);
    expect(readFileSync(Buffer.from(`${site}/\xff\xfe not utf-8`, "latin1"), "utf8")).toBe("raw name");
    // Nanoseconds are set afterwards, by the site's host; here they are as good as Node can do.
    const microseconds = (path: string) => lstatSync(path, { bigint: true }).mtimeNs / 1000n;
    expect(lstatSync(join(site, "a.txt")).mode).toBe(0o100640);
    expect(microseconds(join(site, "a.txt"))).toBe(1_500_000_000_500_000n);
    expect(microseconds(join(site, "link"))).toBe(1_400_000_000_000_000n);
    expect(lstatSync(site).mode).toBe(0o040711);
    expect(microseconds(site)).toBe(1_600_000_000_000_000n);
  });

  it("lays several directories out like the site", async () => {
    const app = join(scratch, "app");
    await extract(
      lifeboatZip([
        { name: "fs/site/wwwroot/x", content: "x" },
        { name: "fs/data/y", content: "y" },
      ]),
      {
        roots: [
          { at: pathFromText(""), directory: target },
          { at: pathFromText("site/wwwroot"), directory: app },
        ],
      },
    );
    expect(readFileSync(join(app, "x"), "utf8")).toBe("x");
    expect(readFileSync(join(target, "data/y"), "utf8")).toBe("y");
  });

  it("makes paths of 4,000 bytes", async () => {
    const name = `fs/${"long-folder-name/".repeat(235)}file`;
    await extract(
      lifeboatZip([
        { name, content: "found" },
        { name: `${name}.link`, content: "file", link: true },
      ]),
    );
    let at = target;
    for (let depth = 0; depth < 235; depth++) at += "/long-folder-name";
    expect(name.length).toBeGreaterThan(4000);
    const before = process.cwd();
    process.chdir(at.slice(0, 2000).replace(/\/[^/]*$/, ""));
    try {
      const rest = at.slice(process.cwd().length + 1);
      expect(readFileSync(`${rest}/file`, "utf8")).toBe("found");
    } finally {
      process.chdir(before);
    }
  });

  it("refuses a damaged entry, small or large, and leaves nothing of it", async () => {
    const damaged = (name: string) => {
      const hash = new Uint8Array(32);
      return extract(lifeboatZip(tree.map((one) => (one.name === name ? { ...one, entry: { hash } } : one))));
    };
    await expect(damaged("fs/site/a.txt")).rejects.toMatchObject({ code: "HashMismatch", entry: "fs/site/a.txt" });
    expect(readdirSync(join(target, "site"))).not.toContain("a.txt");
    rmSync(target, { recursive: true });
    await expect(damaged("fs/site/large")).rejects.toMatchObject({ code: "HashMismatch", entry: "fs/site/large" });
    expect(readdirSync(join(target, "site"))).not.toContain("large");
  });

  it("writes over nothing that is there already", async () => {
    await extract(lifeboatZip([{ name: "fs/a", content: "first" }]));
    await expect(extract(lifeboatZip([{ name: "fs/a", content: "second" }]))).rejects.toMatchObject({ code: "EEXIST" });
    expect(readFileSync(join(target, "a"), "utf8")).toBe("first");
  });

  it("refuses entries outside of the files' folder", async () => {
    await expect(extract(lifeboatZip([{ name: "dump.sql", content: "" }]))).rejects.toMatchObject({ code: "BadName" });
  });

  it("makes no devices, sockets or pipes, and names them", async () => {
    const zip = rawZip([
      { name: "fs/pipe", mode: 0o010644, method: 0 },
      { name: "fs/file", content: "x" },
    ]);
    expect((await extract(zip)).notMade).toEqual(["fs/pipe"]);
    expect(readdirSync(target)).toEqual(["file"]);
  });

  it("stops when asked", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(extract(lifeboatZip(tree), { signal })).rejects.toThrow("enough");
  });
});
