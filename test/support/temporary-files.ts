import { chmodSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import { basename, join } from "node:path";

const prefix = "lifeboat-run-";

/** What tests make below the temporary folder is gone with the run, also what one left that failed or was not chosen. */
export const setup = (): void => {
  // Every kind of test asks for it; the first one has made it for all.
  if (basename(tmpdir()).startsWith(prefix)) return;
  process.env["TMPDIR"] = folderOfRun(tmpdir());
  if (hasRoom(memory)) process.env[inMemory] = folderOfRun(memory);
};

const folderOfRun = (parent: string): string => {
  const folder = mkdtempSync(join(parent, prefix));
  // As the system's own: database servers, and tests that are another user for a moment, pass through it and write there.
  chmodSync(folder, 0o1777);
  // Also when it is interrupted; again, where a process that is being ended still writes.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
};

const memory = "/dev/shm";
const inMemory = "TMPDIR_IN_MEMORY";

/** Containers often get 64 MB of it. */
const hasRoom = (folder: string): boolean => {
  const roomy = 3 * 2 ** 30;
  try {
    const { type, bavail, bsize } = statfsSync(folder);
    const tmpfs = 0x01021994;
    return type === tmpfs && bavail * bsize > roomy && freemem() > roomy;
  } catch {
    return false;
  }
};

/**
 * Where servers that tests only use keep their files: in a test run in memory, if that has room. Some hundred files come
 * and go with each database, which is most of what such a test costs a disk.
 */
export const serverFiles = (): string => process.env[inMemory] ?? tmpdir();
