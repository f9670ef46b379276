import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../../domain/error-code.ts";

/** Small files of the data folder that only the owner may read (mode 0600). */

/** Undefined when there is no such file. A file that others could read is closed to them. */
export const readPrivateFile = async (path: string): Promise<string | undefined> => {
  try {
    const file = await open(path, "r");
    try {
      // A copied data folder often comes with wider modes. Where modes mean nothing (Windows, SMB) nothing changes.
      if (((await file.stat()).mode & 0o077) !== 0) await file.chmod(0o600);
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
};

/**
 * Makes the file with this content unless it exists, whole or not at all, and durably. Answers what the file holds:
 * when two processes make it at once, both get the content of the one that was first.
 */
export const makePrivateFile = async (path: string, content: string): Promise<string> => {
  const own = await writeBeside(path, content);
  try {
    await link(own, path);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return readFile(path, "utf8");
    throw error;
  } finally {
    await rm(own, { force: true });
  }
  await flushFolder(path);
  return content;
};

/** Puts the content in the place of what is there, whole or not at all, and durably. */
export const replacePrivateFile = async (path: string, content: string): Promise<void> => {
  await rename(await writeBeside(path, content), path);
  await flushFolder(path);
};

const writeBeside = async (path: string, content: string): Promise<string> => {
  const own = `${path}.${randomUUID()}.tmp`;
  const file = await open(own, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  return own;
};

const flushFolder = async (path: string): Promise<void> => {
  // Windows cannot open a folder, and flushes names by itself.
  if (process.platform === "win32") return;
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};
