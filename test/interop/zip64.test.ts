import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { directoryDestination } from "../../src/adapters/destination/directory.ts";
import { MemorySite } from "../support/memory-site.ts";
import { openArchive } from "../../src/archive/read/open-archive.ts";
import { verifyArchive, type VerifyReport } from "../support/verify-archive.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { fileSource } from "../support/file-source.ts";
import { buildTree, temporaryFolder } from "../support/file-tree.ts";
import { largeFilesToo } from "../support/long-runs.ts";
import { packDirectory } from "../support/local-backup.ts";
import { inlineRunner } from "../support/inline-runners.ts";
import { describeWith, hasCommand } from "../support/needs.ts";
import { packArchive } from "../support/pack-archive.ts";
import { writeSparseZip } from "../support/sparse-zip.ts";
import { run, unpackers, zipTools } from "./zip-tools.ts";

const describeLarge = (name: string, body: () => void): void =>
  void describe.runIf(largeFilesToo)(largeFilesToo ? name : `${name} [skipped: LIFEBOAT_LARGE is not set]`, body);

const folder = temporaryFolder();
afterAll(() => folder.remove(), 900_000);

const verify = async (zip: string, inflate: boolean): Promise<VerifyReport> => {
  const source = fileSource(zip);
  try {
    return await verifyArchive(await openArchive(source), { inflate, runner: inlineRunner });
  } finally {
    source.close();
  }
};

const sha256 = (content: string): string => createHash("sha256").update(content).digest("hex");
const over4GiB = 2 ** 32 + 12_345;
/** SHA-256 of so many zeros. */
const zeros = "59ead87e2e32370612861365e7dcf1543fb29afaa0b29432c37eab5373fed514";

describe("an archive and an entry of more than 4 GiB", () => {
  const zip = join(folder.path, "sparse.zip");
  beforeAll(() => writeSparseZip(zip, over4GiB));

  it("verify", async () => {
    expect(await verify(zip, false)).toMatchObject({ ok: true, isOurs: true, entries: 4 });
    if (largeFilesToo) expect(await verify(zip, true)).toMatchObject({ ok: true, isOurs: true, entries: 4 });
  });

  for (const tool of zipTools)
    describeWith(tool.name, tool.isHere, `for ${tool.name}`, () => {
      it("are listed and read, before and behind 4 GiB", async () => {
        expect(await tool.list(zip)).toHaveLength(4);
        expect(await tool.contentHash(zip, "fs/behind/b.txt")).toBe(sha256("content of fs/behind/b.txt\n"));
        // The fastest of them stands for all, except in a long run.
        if (largeFilesToo || tool.name === "python3") expect(await tool.contentHash(zip, "fs/zeros")).toBe(zeros);
      });
    });
});

describe("an archive of more than 65,535 entries", () => {
  const files = 66_000;
  const zip = join(folder.path, "many", "many.zip");
  beforeAll(async () => {
    const site = new MemorySite();
    for (let file = 0; file < files; file++)
      site.writeFile(pathFromText(`d${file % 100}/f${file}`), Buffer.from(`content ${file}`));
    await packArchive({
      site,
      destination: directoryDestination(join(folder.path, "many"), { isMade: true }),
      name: "many.zip",
    });
  });

  it("verifies", async () => {
    expect(await verify(zip, true)).toMatchObject({ ok: true, isOurs: true, entries: files + 100 });
  });

  for (const tool of zipTools)
    describeWith(tool.name, tool.isHere, `for ${tool.name}`, () => {
      it("is tested, listed and read", async () => {
        // A stream an entry takes yauzl half a minute.
        if (largeFilesToo || tool.name !== "yauzl") await tool.test(zip);
        expect(await tool.list(zip)).toHaveLength(files + 100);
        expect(await tool.contentHash(zip, "fs/d99/f65999")).toBe(sha256("content 65999"));
      });
    });
});

describeLarge("more than 65,535 files and 4 GiB in one archive", () => {
  it("come out with every tool as they were packed", { timeout: 1_800_000 }, async () => {
    const home = join(folder.path, "home");
    buildTree(
      home,
      new Map(
        Array.from({ length: 66_000 }, (_, n) => [pathFromText(`d${n % 100}/${n}`), { content: `content ${n}` }]),
      ),
    );
    writeFileSync(join(home, "zeros"), "begins\n");
    truncateSync(join(home, "zeros"), over4GiB);
    const { zip } = await packDirectory(home, join(folder.path, "all"));
    for (const tool of unpackers.filter(({ isHere }) => isHere)) {
      const target = join(folder.path, `all-${tool.name}`);
      tool.unpack(zip, target);
      run("diff", ["-r", "-q", home, join(target, "fs")]);
      run("rm", ["-rf", target]);
    }
  });
});

describeWith("python3", hasCommand("python3"), "another tool's archive of more than 65,535 entries", () => {
  it("is opened and verified", async () => {
    const zip = join(folder.path, "python.zip");
    const script = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as out:
    for n in range(66000): out.writestr(f"d{n % 100}/f{n}", f"content {n}")
`;
    run("python3", ["-c", script, zip]);
    expect(await verify(zip, true)).toMatchObject({ ok: true, isOurs: false, entries: 66_000 });
  });
});

describeLarge("another tool's entry of more than 4 GiB", () => {
  it.each([
    ["zip", ["-q", "-1"]],
    ["7z", ["a", "-tzip", "-mx=1", "-bso0", "-bsp0"]],
    ["bsdtar", ["--format", "zip", "--options", "zip:compression-level=1", "-cf"]],
  ])("is read when made by %s", { timeout: 1_800_000 }, async (tool, parameters) => {
    const home = temporaryFolder();
    try {
      writeFileSync(join(home.path, "large"), "begins\n");
      truncateSync(join(home.path, "large"), over4GiB);
      writeFileSync(join(home.path, "small"), "small\n");
      run(tool, [...parameters, join(home.path, "out.zip"), "large", "small"], home.path);
      expect(await verify(join(home.path, "out.zip"), true)).toMatchObject({ ok: true, isOurs: false, entries: 2 });
    } finally {
      home.remove();
    }
  });
});

describeLarge("a file of more than 4 GiB, packed for real", () => {
  it.each([
    ["that compresses", "sparse"],
    ["that does not compress", "noise"],
  ])("%s comes back with every tool", { timeout: 1_800_000 }, async (_what, kind) => {
    const home = temporaryFolder();
    try {
      const large = join(home.path, "large");
      if (kind === "sparse") {
        writeFileSync(large, "begins\n");
        truncateSync(large, over4GiB);
      } else execFileSync("bash", ["-c", 'head -c "$1" /dev/urandom > "$2"', "-", String(over4GiB), large]);
      writeFileSync(join(home.path, "small"), "small\n");
      const hash = execFileSync("sha256sum", [large], { encoding: "utf8" }).slice(0, 64);
      const { zip, sealed } = await packDirectory(home.path, join(folder.path, kind));
      expect(sealed.sizeBytes > 2 ** 32).toBe(kind === "noise");
      expect(await verify(zip, true)).toMatchObject({ ok: true, entries: 2 });
      for (const tool of zipTools.filter(({ isHere }) => isHere)) {
        expect([tool.name, await tool.contentHash(zip, "fs/large")]).toEqual([tool.name, hash]);
        expect(await tool.contentHash(zip, "fs/small")).toBe(sha256("small\n"));
      }
    } finally {
      home.remove();
    }
  });
});
