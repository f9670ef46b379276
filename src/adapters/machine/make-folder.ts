import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../../domain/error-code.ts";

/** Somebody may remove the folders above, which are empty, while this one is made. */
const mostAttempts = 5;

/**
 * Makes a folder and those it lies in, with this mode; answers the outermost one that it made. Node's own `recursive` never
 * ends where a file system says ENOENT to whoever makes a folder in one that is there (autofs whose server is away, proc).
 */
export const makeFolder = async (folder: string, mode = 0o777): Promise<string | undefined> => {
  let outermost: string | undefined;
  for (let attempt = 1; ; attempt++)
    try {
      await mkdir(folder, { mode });
      return outermost ?? folder;
    } catch (error) {
      if (await isFolder(folder)) return outermost;
      const parent = dirname(folder);
      if (errorCode(error) !== "ENOENT" || parent === folder || attempt === mostAttempts) throw error;
      const above = await makeFolder(parent, mode);
      outermost ??= above;
    }
};

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() === true;
