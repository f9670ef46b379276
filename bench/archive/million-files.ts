import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seeded } from "../corpora/seeded.ts";
import { benchDirectory } from "../corpora/corpora.ts";
import { measure } from "./measure.ts";
import { newProcess, outputBytes, ownPart } from "./tools.ts";

const filesInFolder = 1_000;
const limitBytes = 600e6;

/** `count` files of up to 400 bytes in folders of a thousand. Takes some 4 KiB of disk a file. */
export const generateTree = async (root: string, count: string): Promise<void> => {
  const random = seeded("million files");
  for (let folder = 0; folder * filesInFolder < Number(count); folder++) {
    const path = join(root, `${folder % 32}`, `folder-${folder}`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < Math.min(filesInFolder, Number(count) - folder * filesInFolder); file++)
      writeFileSync(join(path, `product-${folder}-${file}.json`), random.bytes(random.below(200)).toString("hex"));
  }
};

/** `million [COUNT]` backs a generated tree of so many files up twice and restores it, and tells the peaks of memory. */
export const millionFiles = async (count = "1000000"): Promise<void> => {
  const site = join(benchDirectory(), `generated-${count}`);
  if (!existsSync(site)) {
    console.error(`generating ${count} files in ${site} ...`);
    rmSync(`${site}.building`, { recursive: true, force: true });
    await generateTree(`${site}.building`, count);
    renameSync(`${site}.building`, site);
  }
  const work = join(benchDirectory(), "work-million");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  const [first, again, restored] = ["first.zip", "again.zip", "restored"].map((name) => join(work, name)) as [
    string,
    string,
    string,
  ];
  const commands = [
    ["first", newProcess.first(site, first)],
    ["nothing changed", newProcess.again?.(site, first, again)],
    ["restore", newProcess.restore?.(again, restored)],
    ["seal twice as many entries", ownPart("seal-entries", `${2 * Number(count)}`)],
  ] as const;
  mkdirSync(restored);
  for (const [name, command] of commands) {
    if (!command) continue;
    const { seconds, peakBytes = 0 } = await measure(command);
    const verdict = peakBytes <= limitBytes ? "met   " : "MISSED";
    console.log(`${verdict} ${name}: ${seconds.toFixed(1)} s, ${(peakBytes / 1e6).toFixed(0)} MB of memory`);
  }
  console.log(`archive: ${(outputBytes(first) / 1e6).toFixed(1)} MB`);
  rmSync(work, { recursive: true });
};
