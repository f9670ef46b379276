import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BytePath, pathBytes, pathFromText } from "../../src/domain/byte-path.ts";

/** One thing in a tree to build. Paths are the keys; folders on the way are made. */
export interface TreeNode {
  /** A file's content; without it, and without a target, a folder. */
  readonly content?: string | Uint8Array;
  /** Makes it a link. */
  readonly target?: string;
  readonly mode?: number;
  readonly mtimeSeconds?: number;
  readonly uid?: number;
  readonly gid?: number;
}
export type Tree = ReadonlyMap<BytePath, TreeNode>;

/** What is found again at one path; two trees are equal when their maps are. */
export interface FoundNode {
  readonly kind: "file" | "directory" | "link" | "other";
  readonly sizeBytes: number;
  readonly sha256: string | undefined;
  readonly target: string | undefined;
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly uid: number;
  readonly gid: number;
}

/** A new folder below the temporary ones, and what removes it again. */
export const temporaryFolder = (): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), "lifeboat-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};

export const treeOf = (nodes: Readonly<Record<string, TreeNode>>): Tree =>
  new Map(Object.entries(nodes).map(([path, node]) => [pathFromText(path), node]));

/** Where a byte path lies below a folder, as the file system takes it. */
export const below = (folder: string, path: BytePath): Buffer =>
  Buffer.concat([Buffer.from(`${folder}/`), pathBytes(path)]);

const parentOf = (path: Buffer): Buffer => path.subarray(0, path.lastIndexOf("/"));

const place = (file: Buffer, node: TreeNode): void => {
  mkdirSync(parentOf(file), { recursive: true });
  if (node.target !== undefined) symlinkSync(node.target, file);
  else if (node.content === undefined) mkdirSync(file, { recursive: true });
  else writeFileSync(file, node.content);
};

const dress = (file: Buffer, node: TreeNode): void => {
  const isLink = node.target !== undefined;
  const owner = [node.uid ?? process.getuid?.() ?? 0, node.gid ?? process.getgid?.() ?? 0] as const;
  if (node.uid !== undefined || node.gid !== undefined) (isLink ? lchownSync : chownSync)(file, ...owner);
  if (node.mode !== undefined && !isLink) chmodSync(file, node.mode);
  const time = node.mtimeSeconds;
  if (time !== undefined) (isLink ? lutimesSync : utimesSync)(file, time, time);
};

/** Builds a tree below a folder; modes and times are set from the deepest up, so that a folder keeps its own. */
export const buildTree = (folder: string, tree: Tree): void => {
  for (const [path, node] of tree) place(below(folder, path), node);
  const deepestFirst = [...tree].toSorted(([a], [b]) => b.split("/").length - a.split("/").length);
  for (const [path, node] of deepestFirst) dress(below(folder, path), node);
};

const findNode = (file: Buffer): FoundNode => {
  const stat = lstatSync(file, { bigint: true });
  const isFile = stat.isFile();
  const isLink = stat.isSymbolicLink();
  return {
    kind: isFile ? "file" : isLink ? "link" : stat.isDirectory() ? "directory" : "other",
    sizeBytes: isFile ? Number(stat.size) : 0,
    sha256: isFile ? createHash("sha256").update(readFileSync(file)).digest("hex") : undefined,
    target: isLink ? readlinkSync(file, "latin1") : undefined,
    mode: Number(stat.mode) & 0o7777,
    mtimeNs: stat.mtimeNs,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
  };
};

/** Everything below a folder, sorted by path. */
export const readTree = (folder: string): ReadonlyMap<BytePath, FoundNode> => {
  const found = new Map<BytePath, FoundNode>();
  const visit = (path: string): void => {
    const file = path === "" ? Buffer.from(folder) : below(folder, path as BytePath);
    for (const name of readdirSync(file, "latin1").toSorted()) {
      // The casts are safe: names were read as latin1, one character a byte.
      const inside = (path === "" ? name : `${path}/${name}`) as BytePath;
      const node = findNode(below(folder, inside));
      found.set(inside, node);
      if (node.kind === "directory") visit(inside);
    }
  };
  visit("");
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

const text = (length: number): string => "The quick brown fox jumps over the lazy dog. ".repeat(length / 45 + 1);

/** Content, kind, mode and time of everything, a line each. Folders' times are right to the microsecond only. */
export const treeText = (tree: ReadonlyMap<BytePath, FoundNode>): string =>
  [...tree]
    .map(([path, { kind, mode, sha256, target, mtimeNs }]) =>
      [path, kind, mode, sha256 ?? target ?? "", kind === "file" ? mtimeNs : mtimeNs / 1_000n].join(" "),
    )
    .join("\n");

/** Names, modes and shapes that have broken archivers before, all valid UTF-8. */
export const oddTree = (): Tree =>
  treeOf({
    "site/wwwroot/index.html": { content: "<h1>Shop</h1>\n", mode: 0o644 },
    "site/wwwroot/empty": { content: "" },
    "site/wwwroot/empty folder": {},
    "site/wwwroot/deep/er/and/deeper/still": { content: text(10_000) },
    "site/wwwroot/Case.txt": { content: "upper" },
    "site/wwwroot/case.txt": { content: "lower" },
    "site/wwwroot/trailing dot.": { content: "dot" },
    "site/wwwroot/trailing space ": { content: "space" },
    "site/wwwroot/ leading space": { content: "space" },
    "site/wwwroot/-rf": { content: "looks like an option" },
    "site/wwwroot/back\\slash": { content: "not a separator here" },
    'site/wwwroot/quote"and*star?': { content: "shell" },
    "site/wwwroot/new\nline": { content: "line" },
    "site/wwwroot/Übergröße-日本語": { content: "two and three bytes a character" },
    "site/wwwroot/lifeboat-🛟": { content: "four bytes a character" },
    [`site/wwwroot/${"n".repeat(255)}`]: { content: "the longest name" },
    "site/wwwroot/run.sh": { content: "#!/bin/sh\n", mode: 0o755 },
    "site/wwwroot/secret": { content: "for the owner", mode: 0o600 },
    "site/wwwroot/private": { mode: 0o700 },
    "site/wwwroot/private/old.txt": { content: "from 1994", mtimeSeconds: 770_000_000 },
    "site/wwwroot/noise.bin": { content: createHash("shake256", { outputLength: 70_000 }).update("noise").digest() },
    "site/wwwroot/link": { target: "index.html" },
    "site/wwwroot/link to folder": { target: "deep/er" },
    "site/wwwroot/dangling": { target: "no such file" },
    data: { mtimeSeconds: 1_600_000_000 },
  });

const deepSegments = (count: number): string => Array.from({ length: count }, (_, n) => `folder-${n}`).join("/");

/** Adds what only some systems can hold: a name that is not UTF-8, and a path of more than 3,000 bytes. */
export const veryOddTree = (): Tree =>
  new Map([
    ...oddTree(),
    ["site/wwwroot/latin1-\xe9\xff" as BytePath, { content: "not valid UTF-8" }],
    [pathFromText(`site/${deepSegments(300)}/bottom`), { content: "far down" }],
  ]);
