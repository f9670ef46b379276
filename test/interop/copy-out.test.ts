import { mkdirSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { copyOutTarGz } from "../../src/archive/selection/copy-out-tar-gz.ts";
import { copyOutZip } from "../../src/archive/selection/copy-out-zip.ts";
import { selectEntries } from "../../src/archive/selection/copy-selection.ts";
import { openArchive } from "../../src/archive/read/open-archive.ts";
import { pathFromText, type BytePath } from "../../src/domain/byte-path.ts";
import { lines, noise } from "../support/contents.ts";
import { fileSource } from "../support/file-source.ts";
import {
  buildTree,
  readTree,
  temporaryFolder,
  veryOddTree,
  type FoundNode,
  type Tree,
  type TreeNode,
} from "../support/file-tree.ts";
import { inlineRunner } from "../support/inline-runners.ts";
import { packDirectory } from "../support/local-backup.ts";
import { describeWith, hasCommand } from "../support/needs.ts";
import { run, unpackers } from "./zip-tools.ts";

const folder = temporaryFolder();
const zip = join(folder.path, "selection.zip");
const tarGz = join(folder.path, "selection.tar.gz");
/** What was selected, by its path below `fs`. */
let selected: ReadonlyMap<BytePath, FoundNode> = new Map();

const isRoot = process.getuid?.() === 0;

const tree = (): Tree => {
  const path = pathFromText;
  const owned = { content: "another's", uid: 33, gid: 70_000_000 };
  return new Map<BytePath, TreeNode>([
    ...veryOddTree(),
    [path("site/wwwroot/C:drive.txt"), { content: "looks like Windows" }],
    [path("site/wwwroot/odd: name"), { content: "colon" }],
    [path("site/wwwroot/nothing allowed"), { content: "mode 0", mode: isRoot ? 0 : 0o400 }],
    [path("site/wwwroot/before 1970"), { content: "old", mtimeSeconds: -1.5 }],
    [path("site/wwwroot/after 2106"), { content: "new", mtimeSeconds: 5_000_000_000.25 }],
    [path("site/wwwroot/large.log"), { content: lines(20 * 2 ** 20) }],
    [path("site/wwwroot/large.bin"), { content: noise(9 * 2 ** 20) }],
    [path("site/wwwroot/read only"), { mode: 0o555 }],
    [path("site/wwwroot/read only/inside"), { content: "inside" }],
    [path("site/wwwroot/long link"), { target: `${"far/".repeat(60)}away` }],
    [path("site/other/not selected"), { content: "not selected" }],
    ...(isRoot ? [[path("site/wwwroot/owned"), owned] as const] : []),
  ]);
};

const isSelected = (path: BytePath): boolean => !path.startsWith("site/other") && path !== "site";

const write = async (file: string, content: AsyncIterable<Uint8Array>): Promise<void> => {
  const handle = await open(file, "w");
  for await (const piece of content) await handle.write(piece);
  await handle.close();
};

beforeAll(async () => {
  const site = join(folder.path, "site");
  buildTree(site, tree());
  const whole = readTree(site);
  const paths = [...whole.keys()].filter((path) => path.split("/").length === 2 && isSelected(path));
  const roots = [...whole.keys()].filter((path) => !path.includes("/") && isSelected(path));
  selected = new Map([...whole].filter(([path]) => isSelected(path)));
  const packed = await packDirectory(site, join(folder.path, "backups"));
  const source = fileSource(packed.zip);
  const archive = await openArchive(source);
  // The cast is safe: byte paths joined.
  const names = [...paths, ...roots].map((path) => `fs/${path}` as BytePath);
  const { places, missing } = selectEntries(archive.directory, names);
  expect(missing).toEqual([]);
  await write(zip, copyOutZip(archive, places).content);
  const tar = copyOutTarGz(archive, places, { runner: inlineRunner });
  expect(tar.renamed).toEqual([{ from: "fs/site/wwwroot/latin1-\xe9\xff", to: "fs/site/wwwroot/latin1-%E9%FF" }]);
  await write(tarGz, tar.content);
  source.close();
}, 60_000);
afterAll(() => folder.remove());

/** Names that these tools write in another way; they are in the tests of whole archives. */
const isPlain = (path: BytePath): boolean => !path.includes("latin1-") && !path.includes("folder-0");

const kept = (
  found: ReadonlyMap<BytePath, FoundNode>,
  keeps: (node: FoundNode) => unknown,
): ReadonlyMap<string, unknown> =>
  // Folders on the way to what was selected are made by the tool.
  new Map([...found].filter(([path]) => isSelected(path) && isPlain(path)).map(([path, node]) => [path, keeps(node)]));

for (const tool of unpackers) {
  describeWith(tool.name, tool.isHere, `a selection as a zip, for ${tool.name}`, () => {
    it("passes its test, and comes out as it was packed", async () => {
      await tool.test(zip);
      const target = join(folder.path, `zip-by-${tool.name}`);
      tool.unpack(zip, target);
      // Their times are in the tests of whole archives; not every tool makes a folder that it cannot write to.
      const plain = (node: FoundNode): unknown => {
        const mode = node.mode === 0o555 ? 0o755 : node.mode;
        return { ...tool.keeps({ ...node, mode }), mtimeNs: 0n };
      };
      expect(kept(readTree(join(target, "fs")), plain)).toEqual(kept(selected, plain));
    });
  });
}

/** What only root may set; a file without permissions has the sticky bit in the tar. */
const inTar = (node: FoundNode): unknown => ({
  ...node,
  mode: node.mode === 0o1000 ? 0 : node.mode,
  ...(isRoot ? {} : { uid: 0, gid: 0 }),
});

for (const program of ["tar", "bsdtar"]) {
  describeWith(program, hasCommand(program), `a selection as tar.gz, for ${program}`, () => {
    const target = join(folder.path, `tar-by-${program}`);
    beforeAll(() => {
      mkdirSync(target);
      run(program, ["-xpf", tarGz, "-C", target]);
    }, 60_000);

    it("comes out as it was packed: names, contents, links, modes, owners and times", () => {
      expect(kept(readTree(join(target, "fs")), inTar)).toEqual(kept(selected, inTar));
    });

    it("keeps paths of thousands of bytes, and names that are no text under another name", () => {
      const found = readTree(join(target, "fs"));
      const deep = [...selected.keys()].find((path) => path.endsWith("/bottom"));
      expect(found.get(deep ?? pathFromText("?"))).toMatchObject({ sizeBytes: "far down".length });
      const renamed = found.get(pathFromText("site/wwwroot/latin1-%E9%FF"));
      expect(renamed?.sha256).toBe(selected.get("site/wwwroot/latin1-\xe9\xff" as BytePath)?.sha256);
    });
  });
}

const pythonList = `
import json, sys, tarfile
print(json.dumps(sorted(one.name for one in tarfile.open(sys.argv[1]))))
`;

describeWith("python3", hasCommand("python3"), "a selection as tar.gz, for Python", () => {
  it("is read to its end", () => {
    // The cast is safe: the script prints a list of strings.
    const names = JSON.parse(run("python3", ["-c", pythonList, tarGz])) as readonly string[];
    expect(names.length).toBe(selected.size);
  });
});
