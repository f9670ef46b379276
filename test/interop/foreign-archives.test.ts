import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ZipArchive } from "archiver";
import { afterAll, beforeAll, expect, it } from "vitest";
import { extractMany } from "../../src/archive/extract-many.ts";
import { openArchive } from "../../src/archive/open-archive.ts";
import { inlineRunner } from "../../src/archive/read-runner.ts";
import { verifyArchive } from "../../src/archive/verify-archive.ts";
import type { BytePath } from "../../src/domain/byte-path.ts";
import { fileSource } from "../support/file-source.ts";
import { buildTree, oddTree, readTree, temporaryFolder, type FoundNode } from "../support/file-tree.ts";
import { describeWith, hasCommand } from "../support/needs.ts";

interface Maker {
  readonly name: string;
  readonly need: string;
  readonly isHere: boolean;
  readonly make: (site: string, archive: string) => Promise<void> | void;
  /** What this tool does not keep, or renames. */
  readonly loses?: (path: BytePath, node: FoundNode) => boolean;
  readonly adds?: readonly string[];
}

const python = `
import os, sys, zipfile
site, archive = sys.argv[1:]
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
    for folder, names, files in os.walk(site):
        for name in names + files:
            path = os.path.join(folder, name)
            if not os.path.islink(path): out.write(path, os.path.relpath(path, site))
`;
/** A stream cannot be sought in, so these write sizes behind the data. */
const pythonStream = python.replace(
  "zipfile.ZipFile(archive,",
  'zipfile.ZipFile(type("Pipe", (), {"write": (sink := open(archive, "wb")).write, "flush": sink.flush})(),',
);
const isLink = (_: BytePath, node: FoundNode): boolean => node.kind === "link";

const run = (program: string, parameters: readonly string[], cwd: string): void =>
  void execFileSync(program, parameters, { cwd, stdio: ["ignore", "ignore", "inherit"] });

const makers: readonly Maker[] = [
  {
    name: "zip",
    need: "zip",
    isHere: hasCommand("zip"),
    make: (site, archive) => run("zip", ["-q", "-r", "-y", archive, "."], site),
  },
  {
    name: "zip with ZIP64 forced",
    need: "zip",
    isHere: hasCommand("zip"),
    make: (site, archive) => run("zip", ["-q", "-r", "-y", "-fz", archive, "."], site),
  },
  {
    name: "7z",
    need: "7z",
    isHere: hasCommand("7z"),
    make: (site, archive) => run("7z", ["a", "-tzip", "-snl", "-bso0", "-bsp0", archive, "."], site),
  },
  {
    name: "bsdtar",
    need: "bsdtar",
    isHere: hasCommand("bsdtar"),
    make: (site, archive) => run("bsdtar", ["--format", "zip", "-cf", archive, "."], site),
  },
  {
    name: "python's zipfile",
    need: "python3",
    isHere: hasCommand("python3"),
    make: (site, archive) => run("python3", ["-c", python, site, archive], site),
    loses: isLink,
  },
  {
    name: "python's zipfile into a stream",
    need: "python3",
    isHere: hasCommand("python3"),
    make: (site, archive) => run("python3", ["-c", pythonStream, site, archive], site),
    loses: isLink,
  },
  {
    name: "archiver",
    need: "archiver",
    isHere: true,
    make: async (site, archive) => {
      const zip = new ZipArchive({ zlib: { level: 6 } });
      zip.directory(site, false);
      const written = pipeline(zip, createWriteStream(archive));
      await zip.finalize();
      await written;
    },
    // It takes a backslash for a separator.
    loses: (path) => path.includes("\\"),
    adds: ["site/wwwroot/back/slash"],
  },
];

interface Content {
  readonly kind: string;
  readonly text: string | undefined;
}

const contentsOf = async (path: string): Promise<ReadonlyMap<string, Content>> => {
  const source = fileSource(path);
  try {
    const archive = await openArchive(source);
    const contents = new Map<string, Content>();
    await extractMany(archive, "all", {
      runner: inlineRunner,
      sink: {
        async put(place, pieces) {
          const { name, kind } = archive.directory.at(place);
          const bytes: Uint8Array[] = [];
          for await (const piece of pieces) bytes.push(piece);
          const whole = Buffer.concat(bytes);
          const hash = createHash("sha256").update(whole).digest("hex");
          const text = kind === "file" ? hash : kind === "link" ? whole.toString("latin1") : undefined;
          contents.set(name.replace(/^\.\//, "").replace(/\/$/, ""), { kind, text });
        },
      },
    });
    contents.delete(".");
    contents.delete("");
    return contents;
  } finally {
    source.close();
  }
};

for (const maker of makers) {
  describeWith(maker.need, maker.isHere, `an archive made by ${maker.name}`, () => {
    const folder = temporaryFolder();
    const site = join(folder.path, "site");
    const archive = join(folder.path, "archive.zip");
    beforeAll(async () => {
      buildTree(site, oddTree());
      await maker.make(site, archive);
    });
    afterAll(() => folder.remove());

    it("is read with all its contents", async () => {
      const expected = new Map<string, Content>();
      for (const [path, node] of readTree(site))
        if (!maker.loses?.(path, node)) expected.set(path, { kind: node.kind, text: node.sha256 ?? node.target });
      const contents = new Map(await contentsOf(archive));
      for (const path of maker.adds ?? []) expect(contents.delete(path)).toBe(true);
      expect(contents).toEqual(expected);
    });

    it("verifies", async () => {
      const source = fileSource(archive);
      const report = await verifyArchive(await openArchive(source), { runner: inlineRunner, inflate: true });
      source.close();
      expect(report.faults).toEqual([]);
      expect(report.isOurs).toBe(false);
    });
  });
}
