import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pathBytes, pathFromText } from "../../src/domain/byte-path.ts";
import { noise, lines } from "../support/contents.ts";
import { buildTree, readTree, temporaryFolder, veryOddTree, type FoundNode } from "../support/file-tree.ts";
import { packDirectory } from "../support/local-backup.ts";
import { describeWith, hasCommand } from "../support/needs.ts";
import { run } from "./zip-tools.ts";

interface ReadEntry {
  /** Hexadecimal. */
  readonly name: string;
  readonly kind: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeNs: number;
  readonly uid: number;
  readonly gid: number;
}

describeWith("python3", hasCommand("python3"), "a program written from docs/format.md alone", () => {
  const folder = temporaryFolder();
  const site = join(folder.path, "site");
  let zip = "";
  beforeAll(async () => {
    const large = new Map([
      [pathFromText("large/lines"), { content: lines(20 * 2 ** 20) }],
      [pathFromText("large/noise"), { content: noise(17 * 2 ** 20) }],
      [pathFromText("large/slice"), { content: noise(8 * 2 ** 20, 2) }],
    ]);
    buildTree(site, new Map([...veryOddTree(), ...large]));
    ({ zip } = await packDirectory(site, join(folder.path, "backups")));
  });
  afterAll(() => folder.remove());

  const name = (path: string, { kind }: FoundNode): string =>
    // The cast is safe: paths of a tree that was read.
    Buffer.concat([
      Buffer.from("fs/"),
      pathBytes(path as never),
      Buffer.from(kind === "directory" ? "/" : ""),
    ]).toString("hex");

  it("reads everything, and finds all that the document promises", () => {
    const output = run("python3", ["test/interop/format-reader.py", zip]);
    // The cast is safe: what the program prints.
    const { entries } = JSON.parse(output) as { readonly entries: readonly ReadEntry[] };
    const found = entries.map((entry) => [entry.name, entry.kind, entry.mode, entry.sizeBytes, entry.uid, entry.gid]);
    const expected = [...readTree(site)].map(([path, node]) => [
      name(path, node),
      node.kind,
      node.mode,
      node.kind === "link" ? Buffer.byteLength(node.target ?? "", "latin1") : node.sizeBytes,
      node.uid,
      node.gid,
    ]);
    const byName = ([a = ""]: readonly unknown[], [b = ""]: readonly unknown[]): number =>
      String(a) < String(b) ? -1 : 1;
    expect(found).toEqual(expected.toSorted(byName));
    for (const [path, node] of readTree(site))
      // Numbers of JavaScript hold nanoseconds of today to a few hundred.
      expect(Number(node.mtimeNs)).toBe(entries.find((entry) => entry.name === name(path, node))?.mtimeNs);
  });
});
