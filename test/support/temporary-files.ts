import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const prefix = "lifeboat-run-";

/** What tests make below the temporary folder is gone with the run, also what one left that failed or was not chosen. */
export const setup = (): void => {
  // Every kind of test asks for it; the first one has made it for all.
  if (basename(tmpdir()).startsWith(prefix)) return;
  const folder = mkdtempSync(join(tmpdir(), prefix));
  // As the system's own: database servers, and tests that are another user for a moment, pass through it and write there.
  chmodSync(folder, 0o1777);
  process.env["TMPDIR"] = folder;
  // Also when it is interrupted; again, where a process that is being ended still writes.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
};
