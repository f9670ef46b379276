import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import yauzl from "yauzl";
import { type FoundNode } from "../support/file-tree.ts";
import { hasCommand } from "../support/needs.ts";

/** Another program that reads zips, as a user would call it. */
interface ZipTool {
  readonly name: string;
  readonly isHere: boolean;
  /** Throws when the tool finds anything wrong. */
  readonly test: (zip: string) => Promise<void> | void;
  /** Names as it shows them. */
  readonly list: (zip: string) => Promise<readonly string[]> | readonly string[];
  /** SHA-256 of one entry's content. */
  readonly contentHash: (zip: string, name: string) => Promise<string> | string;
}

/** One that also unpacks. */
export interface Unpacker extends ZipTool {
  readonly unpack: (zip: string, target: string) => void;
  /** What it brings back of a file, folder or link. */
  readonly keeps: (node: FoundNode) => Partial<FoundNode>;
}

/** Far from UTC: a tool that takes the DOS time for local time would be five hours off. */
const environment = { ...process.env, TZ: "America/New_York", LC_ALL: "C.UTF-8" };

/** Runs a program to its end and gives what it printed; throws when it fails. */
export const run = (program: string, parameters: readonly string[], cwd?: string): string =>
  execFileSync(program, parameters, { cwd, env: environment, encoding: "utf8", maxBuffer: 2 ** 28 });

const hashOfOutput = (command: string, ...parameters: readonly string[]): string =>
  run("bash", ["-o", "pipefail", "-c", `${command} | sha256sum`, "-", ...parameters]).slice(0, 64);

const python = (script: string, ...parameters: readonly string[]): string =>
  run("python3", [
    "-c",
    `import sys, json, hashlib, zipfile\nzip = zipfile.ZipFile(sys.argv[1])\n${script}`,
    ...parameters,
  ]);

const lines = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");

const inSeconds = (node: FoundNode): FoundNode => ({ ...node, mtimeNs: (node.mtimeNs / 10n ** 9n) * 10n ** 9n });

/** Only root may give files away, and these tools do not even try. */
const withoutOwnerAndLinkTime = (node: FoundNode): Partial<FoundNode> => {
  const { uid: _uid, gid: _gid, ...kept } = inSeconds(node);
  return kept.kind === "link" ? { ...kept, mtimeNs: 0n } : kept;
};

export const unpackers: readonly Unpacker[] = [
  {
    name: "unzip",
    isHere: hasCommand("unzip"),
    test: (zip) => void run("unzip", ["-tq", zip]),
    list: (zip) => lines(run("unzip", ["-Z1", zip])),
    contentHash: (zip, name) => hashOfOutput('unzip -p "$1" "$2"', zip, name),
    // ^: control characters stay in names.
    unpack: (zip, target) => void run("unzip", ["-q", "-^", zip, "-d", target]),
    keeps: withoutOwnerAndLinkTime,
  },
  {
    name: "7z",
    isHere: hasCommand("7z"),
    test: (zip) => void run("7z", ["t", "-bso0", "-bsp0", zip]),
    list: (zip) =>
      lines(run("7z", ["l", "-ba", "-slt", zip]))
        .filter((line) => line.startsWith("Path = "))
        .map((line) => line.slice(7)),
    contentHash: (zip, name) => hashOfOutput('7z x -so "$1" "$2"', zip, name),
    unpack: (zip, target) => void run("7z", ["x", "-bso0", "-bsp0", `-o${target}`, zip]),
    keeps: withoutOwnerAndLinkTime,
  },
  {
    name: "bsdtar",
    isHere: hasCommand("bsdtar"),
    test: (zip) => void run("bash", ["-c", 'bsdtar -xOf "$1" > /dev/null', "-", zip]),
    list: (zip) => lines(run("bsdtar", ["-tf", zip])),
    contentHash: (zip, name) => hashOfOutput('bsdtar -xOf "$1" "$2"', zip, name),
    unpack: (zip, target) => {
      mkdirSync(target);
      run("bsdtar", ["-xpf", zip, "-C", target]);
    },
    keeps: inSeconds,
  },
  {
    name: "python3",
    isHere: hasCommand("python3"),
    test: (zip) => void python("assert zip.testzip() is None", zip),
    // The cast is safe: the script prints a list of strings.
    list: (zip) => JSON.parse(python("print(json.dumps(zip.namelist()))", zip)) as readonly string[],
    contentHash: (zip, name) =>
      python(
        "sum = hashlib.sha256()\nwith zip.open(sys.argv[2]) as entry:\n  while piece := entry.read(1 << 20): sum.update(piece)\nprint(sum.hexdigest())",
        zip,
        name,
      ).trim(),
    unpack: (zip, target) => void python("zip.extractall(sys.argv[2])", zip, target),
    // It writes contents only, a link's too.
    keeps: ({ kind, sha256, target }) =>
      kind === "link"
        ? {
            kind: "file",
            sha256: createHash("sha256")
              .update(Buffer.from(target ?? "", "latin1"))
              .digest("hex"),
          }
        : { kind, sha256 },
  },
];

/** All names, with the hash of the content where it is wanted. */
const readWithYauzl = async (
  path: string,
  isWanted: (name: string) => boolean,
): Promise<ReadonlyMap<string, string>> => {
  const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
  const hashes = new Map<string, string>();
  for await (const entry of zip.eachEntry()) {
    const hash = createHash("sha256");
    if (isWanted(entry.fileName))
      for await (const piece of await zip.openReadStreamPromise(entry)) hash.update(piece as Buffer); // It gives Buffers.
    hashes.set(entry.fileName, hash.digest("hex"));
  }
  zip.close();
  return hashes;
};

/** A library that many Node programs read zips with. */
const yauzlReader: ZipTool = {
  name: "yauzl",
  isHere: true,
  test: async (zip) => void (await readWithYauzl(zip, (name) => !name.endsWith("/"))),
  list: async (zip) => [...(await readWithYauzl(zip, () => false)).keys()],
  contentHash: async (zip, name) => (await readWithYauzl(zip, (found) => found === name)).get(name) ?? "absent",
};

export const zipTools: readonly ZipTool[] = [...unpackers, yauzlReader];
