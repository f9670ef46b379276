import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AccountNames } from "../../../src/adapters/site-files/account-names.ts";
import { LocalDirectory } from "../../../src/adapters/site-files/local-directory.ts";
import { ownerNote, setIdNote } from "../../../src/adapters/site-files/set-metadata.ts";
import { TreeWriter } from "../../../src/adapters/site-files/tree-writer.ts";
import { type BytePath, pathFromText } from "../../../src/domain/byte-path.ts";
import { listAll } from "../../contract/site-files-contract.ts";
import { describeWith, hasCommand } from "../../support/needs.ts";
import { buildTree, readTree, temporaryFolder, treeOf, veryOddTree } from "../../support/file-tree.ts";

const path = pathFromText;
const isRoot = process.getuid?.() === 0;
const wholeSecondNs = 1_700_000_000_000_000_000n;
let folder: ReturnType<typeof temporaryFolder>;
let from: string;
let to: string;
beforeEach(() => {
  folder = temporaryFolder();
  from = join(folder.path, "from");
  to = join(folder.path, "to");
  mkdirSync(from);
  mkdirSync(to);
});
afterEach(() => folder.remove());

/** Lists one folder and writes all of it into another. */
const copy = async (): Promise<readonly string[]> => {
  const files = new LocalDirectory([{ at: path(""), directory: from }]);
  const writer = new TreeWriter(to);
  for (const entry of (await listAll(files)).entries) {
    if (entry.kind === "directory") writer.makeDirectory(entry);
    else if (entry.kind === "link") writer.makeLink(entry, entry.target ?? path(""));
    else writer.writeFile(entry, await files.read(entry.path, 0, entry.sizeBytes));
  }
  return writer.finish();
};

const nobody: AccountNames = {
  user: () => undefined,
  group: () => undefined,
  uid: () => undefined,
  gid: () => undefined,
};

describe.skipIf(process.platform === "win32")("writing a tree", () => {
  it("gives back content, modes, links, empty folders and times, whatever the names", async () => {
    buildTree(from, veryOddTree());
    const notes = await copy();
    const strip = (inexact: bigint): bigint => (notes.length === 0 ? inexact : inexact / 2_000n);
    const times = (root: string): unknown =>
      new Map([...readTree(root)].map(([name, node]) => [name, { ...node, mtimeNs: strip(node.mtimeNs) }]));
    expect(times(to)).toEqual(times(from));
  });

  it("makes folders that no entry tells of", async () => {
    const writer = new TreeWriter(to);
    writer.writeFile({ path: path("a/b/file"), mtimeNs: wholeSecondNs }, Buffer.from("x"));
    writer.writeFile({ path: path("a/b/c/file"), mtimeNs: wholeSecondNs }, Buffer.from("y"));
    expect(await writer.finish()).toEqual([]);
    expect(statSync(join(to, "a/b")).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(to, "a/b/c/file"), "utf8")).toBe("y");
  });

  it("keeps folders shut and without links until it is finished", async () => {
    const writer = new TreeWriter(to);
    writer.makeDirectory({ path: path("open"), mode: 0o777, mtimeNs: wholeSecondNs });
    writer.makeLink({ path: path("open/link"), mtimeNs: wholeSecondNs }, path("/etc"));
    expect(statSync(join(to, "open")).mode & 0o777).toBe(0o700);
    expect(() => lstatSync(join(to, "open/link"))).toThrow(/ENOENT/);
    await writer.finish();
    expect(statSync(join(to, "open")).mode & 0o777).toBe(0o777);
    expect(lstatSync(join(to, "open/link")).isSymbolicLink()).toBe(true);
  });

  it("overwrites nothing", async () => {
    writeFileSync(join(to, "file"), "before");
    const writer = new TreeWriter(to);
    expect(() => writer.writeFile({ path: path("file"), mtimeNs: wholeSecondNs }, Buffer.from("x"))).toThrow(/EEXIST/);
    expect(() => writer.makeDirectory({ path: path("file"), mtimeNs: wholeSecondNs })).toThrow(/EEXIST/);
    writer.makeLink({ path: path("file"), mtimeNs: wholeSecondNs }, path("elsewhere"));
    await expect(writer.finish()).rejects.toThrow(/EEXIST/);
    await writer.abandon();
    expect(readFileSync(join(to, "file"), "utf8")).toBe("before");
  });

  it.each(["link", "link/deeper"])("writes nothing through a link at %s", async (parent) => {
    mkdirSync(join(from, "deeper"));
    symlinkSync(from, join(to, "link"));
    const writer = new TreeWriter(to);
    const entry = { path: path(`${parent}/file`), mtimeNs: wholeSecondNs };
    expect(() => writer.writeFile(entry, Buffer.from("x"))).toThrow(/ENOTDIR|ELOOP/);
    expect(() => writer.makeDirectory({ ...entry, path: path(`${parent}/folder`) })).toThrow(/ENOTDIR|ELOOP/);
    await writer.abandon();
    expect([...readTree(from).keys()]).toEqual(["deeper"]);
  });

  it("writes in pieces, and leaves long runs of zeros as holes", async () => {
    const writer = new TreeWriter(to);
    const file = writer.openFile({ path: path("big"), mode: 0o640, mtimeNs: wholeSecondNs });
    await file.write(Buffer.from("start"));
    await file.write(Buffer.alloc(4 * 1024 * 1024));
    await file.write(Buffer.from("end"));
    await file.write(Buffer.alloc(1024 * 1024));
    file.finish();
    await writer.finish();
    const stat = statSync(join(to, "big"));
    expect(stat.size).toBe(5 * 1024 * 1024 + 8);
    expect(stat.mode & 0o777).toBe(0o640);
    expect(stat.blocks * 512).toBeLessThan(1024 * 1024);
    const expected = join(folder.path, "expected");
    writeFileSync(expected, Buffer.concat([Buffer.from("start"), Buffer.alloc(4 * 1024 * 1024), Buffer.from("end")]));
    truncateSync(expected, stat.size);
    expect(readFileSync(join(to, "big")).equals(readFileSync(expected))).toBe(true);
  });

  it("leaves nothing of a file that is given up", async () => {
    const writer = new TreeWriter(to);
    const file = writer.openFile({ path: path("a/half"), mtimeNs: wholeSecondNs });
    await file.write(Buffer.from("half"));
    file.abandon();
    await writer.finish();
    expect([...readTree(to).keys()]).toEqual(["a"]);
  });
});

describeWith("perl on Linux", process.platform === "linux" && hasCommand("perl"), "times", () => {
  it.each([1_700_000_000_123_456_789n, 1n, -1n, -5_000_000_001n, 999_999_999n])(
    "come back to the nanosecond (%s)",
    async (mtimeNs) => {
      const writer = new TreeWriter(to);
      writer.makeDirectory({ path: path("folder"), mtimeNs });
      writer.writeFile({ path: path("folder/new\nline"), mtimeNs }, Buffer.from("x"));
      writer.makeLink({ path: "folder/link-\xff" as BytePath, mtimeNs }, path("nowhere"));
      expect(await writer.finish()).toEqual([]);
      expect([...readTree(to).values()].map((node) => node.mtimeNs)).toEqual([mtimeNs, mtimeNs, mtimeNs]);
    },
  );
});

describeWith("root", isRoot, "owners", () => {
  const owned = { mtimeNs: wholeSecondNs, mode: 0o6755, uid: 12_345, gid: 23_456 };

  it("come back by id, with the bits that change the user", async () => {
    buildTree(
      from,
      treeOf({
        folder: { uid: 12_345, gid: 23_456, mode: 0o2775 },
        "folder/file": { content: "x", uid: 12_346, gid: 23_457, mode: 0o4755 },
        "folder/link": { target: "file", uid: 12_347, gid: 23_458 },
      }),
    );
    expect(await copy()).toEqual([]);
    const owners = (root: string): unknown =>
      [...readTree(root)].map(([name, { uid, gid, mode }]) => [name, uid, gid, mode]);
    expect(owners(to)).toEqual(owners(from));
  });

  it("come back by name where this machine knows the name", async () => {
    const names = { ...nobody, uid: (name: string) => (name === "shop" ? 33 : undefined) };
    const writer = new TreeWriter(to, names);
    writer.writeFile({ ...owned, path: path("known"), owner: "shop" }, Buffer.from("x"));
    writer.writeFile({ ...owned, path: path("unknown"), owner: "gone" }, Buffer.from("x"));
    await writer.finish();
    expect([statSync(join(to, "known")).uid, statSync(join(to, "unknown")).uid]).toEqual([33, 12_345]);
  });

  it("that may not be given are said once, and give nobody their rights", async () => {
    execFileSync("chown", ["-R", "65534:65534", to]);
    execFileSync("chmod", ["755", folder.path]);
    process.setegid?.(65_534);
    process.seteuid?.(65_534);
    try {
      const writer = new TreeWriter(to, nobody);
      for (const name of ["one", "two"]) writer.writeFile({ ...owned, path: path(name) }, Buffer.from("x"));
      expect(await writer.finish()).toEqual([ownerNote, setIdNote]);
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
    }
    expect(statSync(join(to, "one")).mode & 0o7777).toBe(0o755);
    expect(statSync(join(to, "one")).uid).toBe(65_534);
  });
});
