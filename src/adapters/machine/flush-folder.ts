import { open } from "node:fs/promises";
import { isCode } from "../../domain/error-code.ts";

/** Makes the entries of a folder survive a power cut. Some file systems know no such thing for folders; they need none. */
export const flushFolder = async (path: string, opened: typeof open = open): Promise<void> => {
  // Windows cannot open a folder, and flushes names by itself.
  if (process.platform === "win32") return;
  const handle = await opened(path, "r");
  try {
    await handle.sync();
  } catch (error) {
    if (!isCode(error, "EINVAL", "ENOTSUP", "EISDIR")) throw error;
  } finally {
    await handle.close();
  }
};
