import { execFileSync } from "node:child_process";
import { describe, it } from "vitest";

/**
 * `describe` for a suite that needs something a machine may lack. Absent, the suite is skipped with the reason in its
 * name; with LIFEBOAT_REQUIRE=all (or a list that names it) the absence is a failure, so that a skip cannot pass as green.
 */
export const describeWith = (need: string, present: boolean, name: string, body: () => void): void => {
  if (present) return void describe(name, body);
  const required = (process.env["LIFEBOAT_REQUIRE"] ?? "").split(",");
  if (required.includes("all") || required.includes(need)) {
    describe(name, () => {
      it(`needs ${need}`, () => {
        throw new Error(`${need} is missing, and LIFEBOAT_REQUIRE asks for it.`);
      });
    });
  }
  // oxlint-disable-next-line vitest/no-disabled-tests -- the one place that may skip, and it says why
  else describe.skip(`${name} [skipped: ${need} is missing]`, body);
};

/** Whether a command is on the PATH. */
export const hasCommand = (command: string): boolean => {
  try {
    execFileSync(process.platform === "win32" ? "where" : "which", [command], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};
