// node scripts/run-ts.mjs FILE.ts [ARGS]: bundles one TypeScript file into dist/ts and runs it with the given arguments.
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./build.mjs";

const [file, ...args] = process.argv.slice(2);
if (!file) throw new Error("Name the file to run: node scripts/run-ts.mjs FILE.ts");
const nodeOptions = process.env.RUN_TS_NODE_OPTIONS?.split(" ") ?? [];
const root = fileURLToPath(new URL("..", import.meta.url));
await bundle([file], "dist/ts", { packages: "external" });
const out = `${root}/dist/ts/${basename(file, ".ts")}.js`;
process.exitCode =
  spawnSync(process.execPath, [...nodeOptions, out, ...args], { stdio: "inherit", cwd: root }).status ?? 1;
