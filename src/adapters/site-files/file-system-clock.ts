import { closeSync, constants, fstatSync, openSync, rmSync, statSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { ownPrefix } from "../../domain/own-names.ts";

/** O_TMPFILE: a file without a name, which nobody sees and which leaves the directory's own mtime alone. */
const nameless = 0o20000000 | constants.O_DIRECTORY;

const createdAt = (path: string | Buffer, flags: number): bigint => {
  const descriptor = openSync(path, flags | constants.O_WRONLY, 0o600);
  try {
    return fstatSync(descriptor, { bigint: true }).mtimeNs;
  } finally {
    closeSync(descriptor);
  }
};

const createdBeside = (directory: Buffer): bigint => {
  const beside = Buffer.concat([directory, Buffer.from("/..")]);
  if (statSync(beside).dev !== statSync(directory).dev) throw new Error("Beside is another file system.");
  const probe = Buffer.concat([beside, Buffer.from(`/${ownPrefix}clock-${randomUUID()}`)]);
  try {
    return createdAt(probe, constants.O_CREAT | constants.O_EXCL);
  } finally {
    rmSync(probe, { force: true });
  }
};

/**
 * What the file system of `directory` would stamp on a file written now, found by writing one: nameless where that is
 * possible, else for a moment beside the directory, never in it. Where neither is allowed, the machine's own clock,
 * which is the file system's too unless that is a drive on another machine.
 */
export const fileSystemNow = (directory: Buffer): bigint => {
  const attempts = [
    ...(process.platform === "linux" ? [() => createdAt(directory, nameless)] : []),
    () => createdBeside(directory),
  ];
  for (const attempt of attempts) {
    try {
      return attempt();
    } catch {
      // Not supported or not permitted here: the next way.
    }
  }
  return BigInt(Date.now()) * 1_000_000n;
};
