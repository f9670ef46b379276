import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/** The archive's threads as they are in this tree, bundled for a test; `remove` it in the end. */
export const bundledWorker = async (): Promise<{ readonly script: URL; readonly remove: () => void }> => {
  const directory = mkdtempSync(join(tmpdir(), "lifeboat-worker-"));
  const outfile = join(directory, "worker.mjs");
  await build({ entryPoints: ["src/archive-worker.ts"], outfile, bundle: true, platform: "node", format: "esm" });
  return { script: pathToFileURL(outfile), remove: () => rmSync(directory, { recursive: true, force: true }) };
};
