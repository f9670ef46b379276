import { spawn, type ChildProcess } from "node:child_process";
import { renameSync } from "node:fs";
import { build } from "esbuild";
import { boundToRun } from "../support/bound-to-run.ts";

// Below node_modules, so that packages are found; not in dist, which a build empties.
const program = "node_modules/.cache/lifeboat/catalog-program.js";

/** Starts test/contract/catalog-program.ts as a process of its own; it is killed when the tests end before it does. */
export const startCatalogProgram = async (...given: readonly string[]): Promise<ChildProcess> => {
  const own = program.replace(".js", `-${process.pid}.js`);
  await build({
    entryPoints: ["test/contract/catalog-program.ts"],
    outfile: own,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "warning",
  });
  // Several test files may do this at once.
  renameSync(own, program);
  return boundToRun(spawn(process.execPath, [program, ...given], { stdio: ["ignore", "pipe", "pipe"] }));
};

/** Exit code or signal, with what it said. */
export const endOf = (
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly said: string; readonly complained: string }> =>
  new Promise((resolve) => {
    let [said, complained] = ["", ""];
    child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
    child.stderr?.on("data", (chunk: Buffer) => (complained += chunk.toString("utf8")));
    child.once("close", (code) => resolve({ code, said, complained }));
  });
