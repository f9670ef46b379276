// npm run check [-- NAMES]: format, lint, types and unit tests side by side; prints what failed, and the time of each.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (path) => [process.execPath, `${root}/node_modules/${path}`];
const checks = {
  format: [...bin("prettier/bin/prettier.cjs"), "--check", "--cache", "--log-level", "warn", "."],
  lint: [...bin("oxlint/bin/oxlint"), "--type-aware", "--deny-warnings"],
  types: [...bin("typescript/bin/tsc")],
  unit: [...bin("vitest/vitest.mjs"), "run", "--project", "unit", "--maxWorkers=100%"],
};

const run = (name, [command, ...args]) =>
  new Promise((resolve) => {
    const start = performance.now();
    const child = spawn(command, args, { cwd: root, env: process.env });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("close", (code) => {
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${code === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
      if (code !== 0) console.log(output);
      resolve(code === 0);
    });
  });

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(`There is no check named ${unknown.join(", ")}; there are ${Object.keys(checks).join(", ")}.`);
  process.exit(2);
}
const chosen = Object.entries(checks).filter(([name]) => wanted.length === 0 || wanted.includes(name));
const passed = await Promise.all(chosen.map(([name, command]) => run(name, command)));
process.exitCode = passed.every(Boolean) ? 0 : 1;
