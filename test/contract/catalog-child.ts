import { spawn, type ChildProcess } from "node:child_process";
import { build } from "esbuild";

/** Starts test/contract/catalog-program.ts as a process of its own; it is killed when the tests end before it does. */
export const startCatalogProgram = async (...given: readonly string[]): Promise<ChildProcess> => {
  const outfile = "dist/test/catalog-program.js";
  await build({
    entryPoints: ["test/contract/catalog-program.ts"],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "warning",
  });
  const child = spawn(process.execPath, [outfile, ...given], { stdio: ["ignore", "pipe", "pipe"] });
  const kill = (): unknown => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.removeListener("exit", kill));
  return child;
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
