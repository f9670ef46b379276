import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Worker threads and child processes run the bundle, so tests that start them need one (`npm test` has just built it). */
export const setup = (): void => {
  if (!existsSync("dist/archive-worker.js"))
    execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
};
