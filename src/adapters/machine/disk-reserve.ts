import { randomBytes } from "node:crypto";
import { rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

const reserveBytes = 4 * 2 ** 20;
const fileName = "reserve";

/** Room that is kept on the disk of a folder by a file of no use, to be given up when there is none left. */
export interface DiskReserve {
  /** Does nothing where it is kept already. */
  readonly keep: () => Promise<void>;
  /** Whether there was any. */
  readonly giveUp: () => Promise<boolean>;
}

export const diskReserve = (folder: string): DiskReserve => {
  const file = join(folder, fileName);
  const exists = async (): Promise<boolean> => (await stat(file).catch(() => undefined)) !== undefined;
  return {
    keep: async () => {
      if (await exists()) return;
      try {
        // By chance, for file systems that would make nothing of zeros.
        await writeFile(file, randomBytes(reserveBytes), { mode: 0o600 });
      } catch (error) {
        await rm(file, { force: true });
        throw error;
      }
    },
    giveUp: async () => {
      if (!(await exists())) return false;
      await rm(file);
      return true;
    },
  };
};
