import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chownSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  type BigIntStats,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { setExactTimes } from "../../src/adapters/site-files/exact-times.ts";
import { LocalDirectory } from "../../src/adapters/site-files/local-directory.ts";
import { filesPrefix } from "../../src/archive/listing/entry-row.ts";
import { openArchive } from "../../src/archive/read/open-archive.ts";
import { verifyArchive } from "../support/verify-archive.ts";
import { writeNewFile } from "../../src/archive/threads/write-new-file.ts";
import { pathBytes, pathFromText, type BytePath } from "../../src/domain/byte-path.ts";
import { noise } from "../support/contents.ts";
import { fileSource } from "../support/file-source.ts";
import { buildTree, oddTree, temporaryFolder, type Tree } from "../support/file-tree.ts";
import { packDirectory, unpackZip } from "../support/local-backup.ts";
import { inlineRunner } from "../support/inline-runners.ts";

let folder: ReturnType<typeof temporaryFolder>;
let home: string;
let target: string;
beforeEach(() => {
  folder = temporaryFolder();
  home = join(folder.path, "home");
  target = join(folder.path, "target");
  mkdirSync(home);
});
afterEach(() => execFileSync("rm", ["-rf", folder.path]));

interface Found {
  readonly kind: string;
  readonly mode: bigint;
  readonly mtimeNs: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly content: string;
}

const kindOf = (stat: BigIntStats): string =>
  stat.isFile() ? "file" : stat.isSymbolicLink() ? "link" : stat.isDirectory() ? "folder" : "other";

/**
 * Everything below a folder by its path in bytes, one character a byte, however long the path is: each folder is
 * reached through its parent, which is held open.
 */
const everythingIn = (root: string): ReadonlyMap<string, Found> => {
  const found = new Map<string, Found>();
  const visit = (reached: string, path: string): void => {
    const descriptor = openSync(Buffer.from(reached, "latin1"), constants.O_RDONLY | constants.O_DIRECTORY);
    for (const name of readdirSync(`/proc/self/fd/${descriptor}`, "latin1")) {
      const here = Buffer.from(`/proc/self/fd/${descriptor}/${name}`, "latin1");
      const stat = lstatSync(here, { bigint: true });
      const kind = kindOf(stat);
      const hash = (): string => createHash("sha256").update(readFileSync(here)).digest("hex");
      const content = kind === "file" ? hash() : kind === "link" ? readlinkSync(here, "latin1") : "";
      const { mode, mtimeNs, uid, gid } = stat;
      found.set(path + name, { kind, mode, mtimeNs, uid, gid, content });
      if (kind === "folder") visit(here.toString("latin1"), `${path}${name}/`);
    }
    closeSync(descriptor);
  };
  visit(root, "");
  return found;
};

const siteOf = (): LocalDirectory => new LocalDirectory([{ at: pathFromText(""), directory: home }]);

/** Packs `home`, verifies the zip, and unpacks it to `target` as a restore does: owners and exact times included. */
const roundTrip = async () => {
  const { zip, sealed } = await packDirectory(home, join(folder.path, "backups"));
  const source = fileSource(zip);
  const archive = await openArchive(source);
  const report = await verifyArchive(archive, { inflate: true, runner: inlineRunner, commitId: sealed.commitId });
  expect(report.faults).toEqual([]);
  const { directory } = archive;
  const extracted = await unpackZip(zip, target, {
    ownerOf: ({ uid, gid }) => (uid === undefined || gid === undefined ? undefined : { uid, gid }),
  });
  const times = Array.from({ length: directory.length }, (_, place) => directory.at(place))
    .map(({ name, mtimeNs }) => ({ file: join(target, name.slice(filesPrefix.length)).replace(/\/$/, ""), mtimeNs }))
    .filter(({ file }) => file.length < 4000);
  await setExactTimes(times);
  source.close();
  return { sealed, directory, extracted };
};

const bytesOf = (path: string): Buffer => Buffer.from(`${home}/${path}`, "latin1");

describe.runIf(process.platform === "linux")("packed and unpacked again", () => {
  it("everything is as it was: names, contents, modes, times to the nanosecond, links, empty folders", async () => {
    const notUtf8: Tree = new Map([
      ["site/latin1-\xe9\xff\xfe" as BytePath, { content: "no UTF-8" }],
      ["site/\x80folder\xc3/inside" as BytePath, { content: "in a folder of no UTF-8" }],
      ["site/\x01\x02\x7f\t" as BytePath, { content: "control characters" }],
      [pathFromText("site/twins/README"), { content: "upper" }],
      [pathFromText("site/twins/readme"), { content: "lower" }],
      [pathFromText("site/é composed"), { content: "one code point" }],
      [pathFromText("site/é composed".normalize("NFD")), { content: "two code points" }],
      [pathFromText("site/🛟🏳️‍🌈"), { content: "four bytes" }],
      [pathFromText("site/dots..."), { content: "dots" }],
      [pathFromText("site/spaces   "), { content: "spaces" }],
      [pathFromText("site/folder. /x"), { content: "in a folder with a dot and a space" }],
      [pathFromText("site/nul"), { content: "reserved elsewhere" }],
      [pathFromText("site/empty/in/empty"), {}],
      [pathFromText("site/modes/sticky"), { mode: 0o1777 }],
      [pathFromText("site/modes/setgid"), { mode: 0o2750 }],
      [pathFromText("site/modes/none"), { content: "x", mode: process.getuid?.() === 0 ? 0 : 0o400 }],
      [pathFromText("site/modes/setuid"), { content: "x", mode: 0o4711 }],
      [pathFromText("site/times/before 1970"), { content: "x", mtimeSeconds: -1_000_000.5 }],
      [pathFromText("site/times/of DOS"), { content: "x", mtimeSeconds: 315_532_800 }],
      [pathFromText("site/times/after 2038"), { content: "x", mtimeSeconds: 2 ** 31 + 0.25 }],
      [pathFromText("site/times/after 2107"), { content: "x", mtimeSeconds: 4_500_000_000 }],
      [pathFromText("site/to nothing"), { target: "../../../etc/no such file" }],
      [pathFromText("site/to itself"), { target: "to itself" }],
      [pathFromText("site/absolute"), { target: "/etc/hostname" }],
    ]);
    buildTree(home, new Map([...oddTree(), ...notUtf8]));
    symlinkSync(Buffer.from("\xff\xfe", "latin1"), bytesOf("site/to no UTF-8"));
    const before = everythingIn(home);
    const { sealed, extracted } = await roundTrip();
    expect(sealed).toMatchObject({ leftOut: [], changed: [], entries: before.size });
    expect(extracted).toMatchObject({ entries: before.size, ownerRefused: 0, notMade: [] });
    expect(everythingIn(target)).toEqual(before);
  });

  it("a path of 4,000 bytes is as it was", async () => {
    const long = `${"a-folder-name/".repeat(284)}${"f".repeat(24)}`;
    expect(long.length).toBe(4000);
    writeNewFile(bytesOf(long), Buffer.from("far down"), { mode: 0o600, mtime: 1_600_000_000 });
    const before = everythingIn(home);
    await roundTrip();
    const after = everythingIn(target);
    expect([...after.keys()]).toEqual([...before.keys()]);
    expect(after.get(long)).toEqual(before.get(long));
  });

  it("hard links and sparse files have their contents", async () => {
    writeFileSync(join(home, "one"), "shared");
    linkSync(join(home, "one"), join(home, "other"));
    writeFileSync(join(home, "sparse"), "begins");
    truncateSync(join(home, "sparse"), 50_000_000);
    writeFileSync(join(home, "sparse"), "ends", { flag: "a" });
    writeFileSync(join(home, "holes in noise"), noise(9_000_000));
    const before = everythingIn(home);
    await roundTrip();
    expect(everythingIn(target)).toEqual(before);
  });

  it("devices, sockets and pipes are not there, and are named with the reason", async () => {
    writeFileSync(join(home, "file"), "x");
    execFileSync("mkfifo", [join(home, "pipe")]);
    const server = createServer().listen(join(home, "socket"));
    const isRoot = process.getuid?.() === 0;
    if (isRoot) execFileSync("mknod", [join(home, "device"), "c", "1", "3"]);
    const leftOut = new Map<string, string>();
    for await (const batch of siteOf().list()) for (const one of batch.leftOut) leftOut.set(one.path, one.reason);
    await roundTrip();
    server.close();
    expect([...everythingIn(target).keys()]).toEqual(["file"]);
    const device = isRoot ? { device: "It is a device." } : {};
    expect(Object.fromEntries(leftOut)).toEqual({ ...device, pipe: "It is a named pipe.", socket: "It is a socket." });
  });
});

const accountIn = (file: string, id: number): string | undefined =>
  readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find(([, , number]) => number === String(id))?.[0];

describe.runIf(process.platform === "linux" && process.getuid?.() === 0)("as root", () => {
  it("files, folders and links come back to their owners, whose names the archive tells", async () => {
    const owners = [
      [1, 1],
      [33, 70_000],
      [100_000, 4_000_000_000],
      [0, 33],
    ] as const;
    for (const [index, [uid, gid]] of owners.entries()) {
      mkdirSync(join(home, `folder${index}`));
      writeFileSync(join(home, `folder${index}/file`), "x", { mode: 0o4755 });
      symlinkSync("file", join(home, `folder${index}/link`));
      for (const path of ["", "/file", "/link"])
        execFileSync("chown", ["-h", `${uid}:${gid}`, join(home, `folder${index}${path}`)]);
      execFileSync("chmod", ["4755", join(home, `folder${index}/file`)]);
    }
    const before = everythingIn(home);
    const { directory, extracted } = await roundTrip();
    expect(extracted.ownerRefused).toBe(0);
    expect(everythingIn(target)).toEqual(before);
    const known = Object.fromEntries([0, 1, 33].map((id) => [id, accountIn("/etc/passwd", id)]));
    expect(Object.fromEntries(directory.owners.users)).toEqual(known);
    expect(directory.owners.groups.get(33)).toBe(accountIn("/etc/group", 33));
  });

  it("a file may have any name and owner at once", async () => {
    const name = "\xff\xfe \xc3";
    writeFileSync(bytesOf(name), "x");
    chownSync(bytesOf(name), 12_345, 54_321);
    const before = everythingIn(home);
    await roundTrip();
    expect(everythingIn(target)).toEqual(before);
    expect([...before.keys()]).toEqual([name]);
    expect(pathBytes(name as BytePath)).toHaveLength(4);
  });
});
