import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";

const files = ["dist/main.js", "dist/start.js", "dist/archive-worker.js"];
/** The last line of every bundle. */
const isWhole = (file: string): boolean =>
  existsSync(file) && /\n\/\/# sourceMappingURL=.*\n$/.test(readFileSync(file, "utf8"));

it("a build replaces each file in one move, keeps what others run from dist/ts, and removes old leftovers", async () => {
  mkdirSync("dist/ts", { recursive: true });
  writeFileSync("dist/left-over.js", "");
  utimesSync("dist/left-over.js", 0, 0);
  writeFileSync("dist/of-the-build-before.js", "");
  writeFileSync("dist/ts/build-test.js", "");
  const build = spawn(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
  const ended = once(build, "close");
  const broken = new Set<string>();
  while (build.exitCode === null) {
    for (const file of files) if (!isWhole(file)) broken.add(file);
    await turn();
  }
  expect((await ended)[0]).toBe(0);
  expect([...broken]).toEqual([]);
  expect(existsSync("dist/left-over.js")).toBe(false);
  for (const kept of ["dist/of-the-build-before.js", "dist/ts/build-test.js"]) {
    expect(existsSync(kept)).toBe(true);
    rmSync(kept);
  }
});
