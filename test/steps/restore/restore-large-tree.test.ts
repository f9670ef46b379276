import { rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PackPool } from "../../../src/archive/threads/pack-pool.ts";
import { pathFromBytes, pathFromText, type BytePath } from "../../../src/domain/byte-path.ts";
import { below, buildTree, veryOddTree, type FoundNode, type Tree, type TreeNode } from "../../support/file-tree.ts";
import { noise } from "../../support/contents.ts";
import { randomOf } from "../../support/interleaving.ts";
import { fileCount } from "../../support/long-runs.ts";
import { restoreWorld, type RestoreWorld } from "../../support/restore-world.ts";

const isRoot = process.getuid?.() === 0;

let world: RestoreWorld;
let threads: PackPool;
beforeEach(() => {
  threads = new PackPool({
    threads: availableParallelism(),
    script: new URL("../../../dist/archive-worker.js", import.meta.url),
  });
  world = restoreWorld({ threads });
});
afterEach(async () => {
  world.remove();
  await threads.close();
});

/** Files, links and empty folders with names of any bytes, every mode, and owners that this machine does not know. */
const largeTree = (): Tree => {
  const random = randomOf(35);
  const below100 = (): number => Math.floor(random() * 100);
  const folders: BytePath[] = [pathFromText("site/wwwroot"), pathFromText("data")];
  const tree = new Map<BytePath, TreeNode>(veryOddTree());
  const oddName = (number: number): Buffer => {
    const bytes = Buffer.alloc(1 + below100() / 5, 0);
    for (let at = 0; at < bytes.length; at++) {
      const byte = 1 + Math.floor(random() * 255);
      bytes[at] = byte === 0x2f ? 0x5f : byte;
    }
    return Buffer.concat([Buffer.from(`${number} `), bytes]);
  };
  const owner = (): Pick<TreeNode, "uid" | "gid"> =>
    isRoot && below100() < 20 ? { uid: 30_000 + below100(), gid: 40_000 + below100() } : {};
  const mtimeSeconds = (): number => 1_000_000_000 + Math.floor(random() * 700_000_000_000) / 1_000;
  for (let number = 0; number < fileCount; number++) {
    const folder = folders[Math.floor(random() * folders.length)] ?? pathFromText("data");
    const path = `${folder}/${pathFromBytes(oddName(number))}` as BytePath;
    const kind = below100();
    if (kind < 5) {
      tree.set(path, { mode: 0o700 + Math.floor(random() * 0o100), mtimeSeconds: mtimeSeconds(), ...owner() });
      if (kind < 3 && path.length < 2_000) folders.push(path);
    } else if (kind < 9) tree.set(path, { target: `../nowhere ${number}`, mtimeSeconds: mtimeSeconds(), ...owner() });
    else
      tree.set(path, {
        content: kind < 12 ? noise(below100() * 3_000, number) : `content ${number} `.repeat(below100() * 5),
        mode: Math.floor(random() * 0o10000) | (isRoot ? 0 : 0o400),
        mtimeSeconds: mtimeSeconds(),
        ...owner(),
      });
  }
  return tree;
};

/** All there is; times of folders and links are right to the microsecond. */
const everything = (tree: ReadonlyMap<BytePath, FoundNode>): string =>
  [...tree]
    .map(([path, node]) => {
      const time = node.kind === "file" ? node.mtimeNs : node.mtimeNs / 1_000n;
      const { kind, sizeBytes, sha256 = "", target = "", mode, uid, gid } = node;
      return `${JSON.stringify(path)} ${kind} ${sizeBytes} ${sha256}${target} ${mode.toString(8)} ${uid}:${gid} ${time}`;
    })
    .join("\n");

const firstDifference = (found: string, wanted: string): string => {
  const [a, b] = [found.split("\n"), wanted.split("\n")];
  const at = a.findIndex((line, index) => line !== b[index]);
  return at < 0 && a.length === b.length ? "" : `${a[at]}\n${b[at]}`;
};

describe("a site of very many files, names, modes, owners and links", () => {
  it("comes back whole after it was destroyed, after every tenth file was hacked, and is undone whole", async () => {
    const tree = largeTree();
    buildTree(world.home, tree);
    const wanted = everything(world.tree());
    const backup = await world.backUp();
    expect(backup.status).toBe("Succeeded");

    rmSync(join(world.home, "site"), { recursive: true });
    rmSync(join(world.home, "data"), { recursive: true });
    const destroyed = everything(world.tree());
    expect((await world.restore(backup)).status).toBe("Succeeded");
    expect(firstDifference(everything(world.tree()), wanted)).toBe("");
    expect((await world.undo()).status).toBe("Succeeded");
    expect(firstDifference(everything(world.tree()), destroyed)).toBe("");

    expect((await world.restore(backup)).status).toBe("Succeeded");
    let number = 0;
    for (const [path, { content }] of tree)
      if (content !== undefined && number++ % 10 === 0) writeFileSync(below(world.home, path), `hacked ${number}`);
    const hacked = everything(world.tree());
    expect((await world.restore(backup)).status).toBe("Succeeded");
    expect(firstDifference(everything(world.tree()), wanted)).toBe("");
    expect((await world.undo()).status).toBe("Succeeded");
    expect(firstDifference(everything(world.tree()), hacked)).toBe("");
    // Nothing is left over, and nothing more is found to be done.
    expect((await world.restore(backup)).status).toBe("Succeeded");
    expect((await world.restore(backup)).log).toMatch(
      /^Written: 0, replaced: 0 \(together 0 B\), removed: 0, adjusted: 0,/,
    );
  });
});
