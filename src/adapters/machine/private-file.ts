import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "../../domain/error-code.ts";
import { flushFolder } from "./flush-folder.ts";

/** Small files that only their owner may read (mode 0600), each there whole or not at all, also after a power cut. */

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
 * Makes the file with this content unless it exists. Answers what the file holds: when two processes make it at once, both
 * get the content of the one that was first.
 */
export const makePrivateFile = async (path: string, content: string): Promise<string> => {
  try {
    await putPrivateFile(path, content, (ready) => link(ready, path));
    return content;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return readFile(path, "utf8");
    throw error;
  }
};

/** Puts the content in the place of what is there. */
export const replacePrivateFile = (path: string, content: string): Promise<void> =>
  putPrivateFile(path, content, (ready) => rename(ready, path));

/** `publish` gives what lies ready beside it the file's name; what it throws is thrown, and nothing of it stays. */
export const putPrivateFile = async (
  path: string,
  content: string,
  publish: (ready: string) => Promise<void>,
): Promise<void> => {
  const ready = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    const file = await open(ready, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await publish(ready);
  } finally {
    await rm(ready, { force: true });
  }
  await flushFolder(dirname(path));
};
