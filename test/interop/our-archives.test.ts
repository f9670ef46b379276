import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pathFromText, pathText, type BytePath } from "../../src/domain/byte-path.ts";
import { buildTree, oddTree, readTree, temporaryFolder, type FoundNode, type Tree } from "../support/file-tree.ts";
import { packDirectory } from "../support/local-backup.ts";
import { describeWith } from "../support/needs.ts";
import { unpackers, zipTools, type Unpacker } from "./zip-tools.ts";

const folder = temporaryFolder();
const site = join(folder.path, "site");
let zip = "";
let packed: ReadonlyMap<BytePath, FoundNode> = new Map();

/** What only root can make: files of others. */
const ownedTree = (): Tree => {
  if (process.getuid?.() !== 0) return oddTree();
  const owned = { content: "another's", uid: 33, gid: 70_000 };
  return new Map([...oddTree(), [pathFromText("site/wwwroot/owned"), owned]]);
};

beforeAll(async () => {
  buildTree(site, ownedTree());
  packed = readTree(site);
  ({ zip } = await packDirectory(site, join(folder.path, "backups")));
});
afterAll(() => folder.remove());

const nameInZip = (path: BytePath): string => `fs/${pathText(path)}`;

const comparable = (tree: ReadonlyMap<BytePath, FoundNode>, keeps: Unpacker["keeps"]): ReadonlyMap<string, unknown> =>
  new Map([...tree].map(([path, node]) => [path, keeps(node)]));

for (const tool of zipTools) {
  describeWith(tool.name, tool.isHere, `an archive of ours, for ${tool.name}`, () => {
    it("passes its test", async () => {
      await expect(Promise.resolve(tool.test(zip))).resolves.toBeUndefined();
    });

    it("is listed with all its names", async () => {
      const shown = new Set((await tool.list(zip)).map((name) => name.replace(/\/$/, "")));
      // Line ends and backslashes are shown differently by each.
      const missing = [...packed.keys()].map(nameInZip).filter((name) => !/[\n\\]/.test(name) && !shown.has(name));
      expect(missing).toEqual([]);
    });

    it("gives a single file's content", async () => {
      for (const name of ["site/wwwroot/noise.bin", "site/wwwroot/deep/er/and/deeper/still", "site/wwwroot/empty"]) {
        const path = pathFromText(name);
        expect(await tool.contentHash(zip, nameInZip(path))).toBe(packed.get(path)?.sha256);
      }
    });
  });
}

for (const tool of unpackers) {
  describeWith(tool.name, tool.isHere, `an archive of ours, unpacked by ${tool.name}`, () => {
    it("comes out as it was packed", () => {
      const target = join(folder.path, `by-${tool.name}`);
      tool.unpack(zip, target);
      expect(comparable(readTree(join(target, "fs")), tool.keeps)).toEqual(comparable(packed, tool.keeps));
    });
  });
}
