import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ArchiveInvalid } from "../../src/archive/archive-invalid.ts";
import { extractToRoots } from "../../src/archive/restore/extract-to-roots.ts";
import { openArchive, type Archive } from "../../src/archive/read/open-archive.ts";
import { PackPool } from "../../src/archive/threads/pack-pool.ts";
import type { ReadRunner } from "../../src/archive/threads/read-runner.ts";
import { verifyArchive } from "../support/verify-archive.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { bundledWorker } from "../support/bundled-worker.ts";
import { lifeboatZip } from "../support/lifeboat-zip.ts";
import { rawZip } from "../support/raw-zip.ts";
import { layoutOf, mutated } from "../support/zip-mutations.ts";
import { memorySource } from "../support/memory-source.ts";
import { inlineRunner } from "../support/inline-runners.ts";

let worker: Awaited<ReturnType<typeof bundledWorker>>;
let pool: PackPool;
let scratch: string;
beforeAll(async () => {
  worker = await bundledWorker();
  pool = new PackPool({ threads: 2, script: worker.script });
  scratch = mkdtempSync(join(tmpdir(), "lifeboat-threads-"));
});
afterAll(async () => {
  await pool.close();
  worker.remove();
  execFileSync("rm", ["-rf", scratch]);
});

const contents = [
  { name: "fs/a", content: "a line that is worth deflating\n".repeat(100) },
  { name: "fs/b/c", content: "short" },
  { name: "fs/link", content: "a", link: true },
];
const bases = [
  lifeboatZip(contents),
  rawZip(contents.slice(0, 2)),
  rawZip([{ name: "big", content: Buffer.alloc(300_000) }]),
];

/** What verifying and unpacking say of it. */
const outcome = async (archive: Archive, runner: ReadRunner, target: string): Promise<readonly string[]> => {
  const report = await verifyArchive(archive, { inflate: true, runner });
  mkdirSync(target);
  try {
    const roots = [{ at: pathFromText(""), directory: target }];
    const { entries } = await extractToRoots(archive, archive.byOffset, {
      runner,
      roots,
      prefix: pathFromText(""),
      stampsFolders: true,
    });
    return [...report.faults.map(({ message }) => message), `${entries} unpacked`];
  } catch (error) {
    if (error instanceof ArchiveInvalid) return [...report.faults.map(({ message }) => message), error.message];
    return [
      ...report.faults.map(({ message }) => message),
      error instanceof Error && "code" in error ? String(error.code) : String(error),
    ];
  }
};

it("threads say the same of damaged archives as no threads, and live on", async () => {
  let opened = 0;
  for (let seed = 0; seed < 240; seed++) {
    const zip = bases[seed % bases.length] ?? Buffer.alloc(0);
    const { what, bytes } = mutated(zip, layoutOf(zip), seed);
    const archive = await openArchive(memorySource("hostile.zip", bytes)).catch(() => undefined);
    if (archive === undefined) continue;
    opened++;
    const threaded = await outcome(archive, pool, join(scratch, `${seed}-threads`));
    expect([what, threaded.toSorted()]).toEqual([
      what,
      (await outcome(archive, inlineRunner, join(scratch, `${seed}`))).toSorted(),
    ]);
  }
  expect(opened).toBeGreaterThan(60);
});
