import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ZipArchive, type ArchiverOptions } from "archiver";
import { afterAll, beforeAll, expect, it } from "vitest";
import { extractMany } from "../../src/archive/read/extract-many.ts";
import { openArchive, type Archive } from "../../src/archive/read/open-archive.ts";
import { verifyArchive } from "../support/verify-archive.ts";
import type { BytePath } from "../../src/domain/byte-path.ts";
import { fileSource } from "../support/file-source.ts";
import { buildTree, oddTree, readTree, temporaryFolder, type FoundNode } from "../support/file-tree.ts";
import { inlineRunner } from "../support/inline-runners.ts";
import { unpackZip } from "../support/local-backup.ts";
import { describeWith, hasCommand } from "../support/needs.ts";
import { run } from "./zip-tools.ts";

interface Maker {
  readonly name: string;
  readonly need: string;
  /** Packs the folder `fs` in `folder`. */
  readonly make: (folder: string, archive: string) => Promise<void> | void;
  /** What this tool does not keep, or renames. */
  readonly loses?: (path: BytePath, node: FoundNode) => boolean;
  readonly adds?: readonly string[];
  /** What of a file or folder it tells besides the content; to the second. */
  readonly tells: { readonly mode: boolean; readonly mtime: boolean };
}

const python = `
import os, sys, zipfile
archive = sys.argv[1]
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
    for folder, names, files in os.walk("fs"):
        for name in names + files:
            path = os.path.join(folder, name)
            if not os.path.islink(path): out.write(path)
`;
/** A stream cannot be sought in, so these write sizes behind the data. */
const pythonStream = python.replace(
  "zipfile.ZipFile(archive,",
  'zipfile.ZipFile(type("Pipe", (), {"write": (sink := open(archive, "wb")).write, "flush": sink.flush})(),',
);
const isLink = (_: BytePath, node: FoundNode): boolean => node.kind === "link";

const program = (name: string, ...parameters: readonly string[]): Maker["make"] => {
  return (folder, archive) => void run(name, [...parameters, archive, "fs"], folder);
};
const script = (text: string): Maker["make"] => {
  return (folder, archive) => void run("bash", ["-c", text, "-", archive], folder);
};

const withArchiver = (options: ArchiverOptions, isStreamed: boolean): Maker["make"] => {
  return async (folder, archive) => {
    const zip = new ZipArchive(options);
    const written = pipeline(zip, createWriteStream(archive));
    if (isStreamed) addStreams(zip, folder, "fs");
    else zip.directory(join(folder, "fs"), "fs");
    await zip.finalize();
    await written;
  };
};

/** Contents of unknown size, one stream each. */
const addStreams = (zip: ZipArchive, folder: string, name: string): void => {
  for (const inside of readdirSync(join(folder, name))) {
    const path = join(folder, name, inside);
    const found = lstatSync(path);
    const entry = { name: `${name}/${inside}`, mode: found.mode, date: found.mtime };
    if (found.isDirectory()) {
      zip.append("", { ...entry, name: `${entry.name}/` });
      addStreams(zip, folder, entry.name);
    } else if (found.isFile()) zip.append(createReadStream(path), entry);
  }
};

/** It takes a backslash for a separator. */
const archiverRenames = {
  loses: (path: BytePath): boolean => path.includes("\\"),
  adds: ["fs/site/wwwroot/back/slash"],
};

const everything = { mode: true, mtime: true };
/** Times without zone: no reader can know which it was. */
const localTimes = { mode: true, mtime: false };

const makers: readonly Maker[] = [
  { name: "zip", need: "zip", make: program("zip", "-q", "-r", "-y"), tells: everything },
  { name: "zip with ZIP64 forced", need: "zip", make: program("zip", "-q", "-r", "-y", "-fz"), tells: everything },
  {
    name: "zip into a pipe, with data descriptors",
    need: "zip",
    // It cannot write links there.
    make: script('find fs -type l -delete && zip -q -r - fs | cat > "$1"'),
    loses: isLink,
    tells: everything,
  },
  { name: "7z", need: "7z", make: program("7z", "a", "-tzip", "-snl", "-bso0", "-bsp0"), tells: everything },
  { name: "bsdtar", need: "bsdtar", make: program("bsdtar", "--format", "zip", "-cf"), tells: everything },
  {
    name: "bsdtar into a pipe",
    need: "bsdtar",
    make: script('bsdtar --format zip -cf - fs | cat > "$1"'),
    tells: everything,
  },
  {
    name: "python's zipfile",
    need: "python3",
    make: (folder, archive) => void run("python3", ["-c", python, archive], folder),
    loses: isLink,
    tells: localTimes,
  },
  {
    name: "python's zipfile into a stream",
    need: "python3",
    make: (folder, archive) => void run("python3", ["-c", pythonStream, archive], folder),
    loses: isLink,
    tells: localTimes,
  },
  {
    name: "archiver",
    need: "archiver",
    make: withArchiver({ zlib: { level: 6 } }, false),
    ...archiverRenames,
    tells: localTimes,
  },
  {
    name: "archiver with ZIP64 forced",
    need: "archiver",
    make: withArchiver({ forceZip64: true }, false),
    ...archiverRenames,
    tells: localTimes,
  },
  {
    name: "archiver from streams, with data descriptors",
    need: "archiver",
    make: withArchiver({}, true),
    ...archiverRenames,
    loses: (path, node) => path.includes("\\") || node.kind === "link",
    tells: localTimes,
  },
];

interface Content {
  readonly kind: string;
  readonly text: string | undefined;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const withArchive = async <Result>(path: string, use: (archive: Archive) => Promise<Result>): Promise<Result> => {
  const source = fileSource(path);
  try {
    return await use(await openArchive(source));
  } finally {
    source.close();
  }
};

const contentsOf = (path: string): Promise<ReadonlyMap<string, Content>> =>
  withArchive(path, async (archive) => {
    const contents = new Map<string, Content>();
    await extractMany(archive, archive.byOffset, {
      runner: inlineRunner,
      sink: {
        async put(place, pieces) {
          const { name, kind } = archive.directory.at(place);
          const bytes: Uint8Array[] = [];
          for await (const piece of pieces) bytes.push(piece);
          const whole = Buffer.concat(bytes);
          const text = kind === "file" ? sha256(whole) : kind === "link" ? whole.toString("latin1") : undefined;
          contents.set(name.replace(/\/$/, ""), { kind, text });
        },
      },
    });
    return contents;
  });

const inSeconds = (ns: bigint): bigint => ns / 10n ** 9n;

for (const maker of makers) {
  const isHere = maker.need === "archiver" || hasCommand(maker.need);
  describeWith(maker.need, isHere, `an archive made by ${maker.name}`, () => {
    const folder = temporaryFolder();
    const site = join(folder.path, "fs");
    const archive = join(folder.path, "archive.zip");
    let packed: readonly (readonly [BytePath, FoundNode])[] = [];
    beforeAll(async () => {
      buildTree(site, oddTree());
      await maker.make(folder.path, archive);
      // As it is by then: who removes links before it packs changes the times of their folders.
      packed = [...readTree(site)].filter(([path, node]) => !maker.loses?.(path, node));
    });
    afterAll(() => folder.remove());

    it("is read with all its contents", async () => {
      const expected = packed.map(
        ([path, { kind, sha256, target }]) => [`fs/${path}`, { kind, text: sha256 ?? target }] as const,
      );
      const contents = new Map(await contentsOf(archive));
      for (const path of maker.adds ?? []) expect(contents.delete(path)).toBe(true);
      contents.delete("fs");
      expect(contents).toEqual(new Map(expected));
    });

    it("is unpacked with the modes and times it tells", async () => {
      const target = join(folder.path, "target");
      const archived = await withArchive(archive, async ({ directory }) =>
        Array.from({ length: directory.length }, (_, place) => place).filter(
          (place) => directory.name(place) !== "fs/",
        ),
      );
      await unpackZip(archive, target, { selection: archived });
      const found = readTree(target);
      for (const [path, { kind, sha256, target: link, mode, mtimeNs }] of packed) {
        expect([path, found.get(path)]).toMatchObject([path, { kind, sha256, target: link }]);
        if (kind !== "link" && maker.tells.mode) expect([path, found.get(path)?.mode]).toEqual([path, mode]);
        if (kind !== "link" && maker.tells.mtime)
          expect([path, inSeconds(found.get(path)?.mtimeNs ?? 0n)]).toEqual([path, inSeconds(mtimeNs)]);
      }
    });

    it("verifies", async () => {
      const report = await withArchive(archive, (opened) =>
        verifyArchive(opened, { runner: inlineRunner, inflate: true }),
      );
      expect(report.faults).toEqual([]);
      expect(report.isOurs).toBe(false);
    });
  });
}

describeWith("zip", hasCommand("zip"), "an archive made by zip from a pipe into a pipe", () => {
  it("is read: its sizes stand in ZIP64 fields and behind the data", async () => {
    const folder = temporaryFolder();
    const archive = join(folder.path, "archive.zip");
    run("bash", ["-c", 'head -c 3000000 /dev/zero | zip -q - - | cat > "$1"', "-", archive]);
    expect(await contentsOf(archive)).toEqual(
      new Map([["-", { kind: "file", text: sha256(Buffer.alloc(3_000_000)) }]]),
    );
    folder.remove();
  });
});
