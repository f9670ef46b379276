// npm test [-- VITEST ARGUMENTS]: builds, then runs the suite. Ends with "N passed, N failed, N skipped".
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const node = (...args) => spawnSync(process.execPath, args, { stdio: "inherit", cwd: root }).status ?? 1;

process.exitCode = node("scripts/build.mjs") || node("node_modules/vitest/vitest.mjs", "run", ...process.argv.slice(2));
