import { createHash } from "node:crypto";
import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { regularFiles } from "./regular-files.ts";

interface TreeChange {
  readonly edited: number;
  readonly removed: number;
  readonly added: number;
}

/**
 * A day later: edits about one file in a hundred where it lies, removes and adds one in two thousand each.
 * The seed chooses which, so that every tool is given the same change.
 */
export const changeTree = (root: string, seed: string): TreeChange => {
  const change = { edited: 0, removed: 0, added: 0 };
  for (const file of regularFiles(root)) {
    const digest = createHash("sha256").update(`${seed}\0${file.relative}`).digest();
    const chance = digest.readUInt32LE(0) / 2 ** 32;
    if (chance < 0.01) {
      const before = readFileSync(file.absolute);
      const at = digest.readUInt32LE(4) % (before.length + 1);
      const inserted = Buffer.from(`/* edited ${seed} */`);
      writeFileSync(file.absolute, Buffer.concat([before.subarray(0, at), inserted, before.subarray(at)]));
      change.edited++;
    } else if (chance < 0.0105) {
      unlinkSync(file.absolute);
      change.removed++;
    } else if (chance < 0.011) {
      writeFileSync(`${file.absolute}.added-${seed}`, digest.toString("hex").repeat(40));
      change.added++;
    }
  }
  return change;
};
