import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of its own in memory, so small that a test can fill it. */
export interface SmallDisk {
  readonly folder: string;
  /** Takes all but so many bytes of what is free. */
  readonly fill: (leftBytes?: number) => void;
  /** Gives back what `fill` took. */
  readonly empty: () => void;
  /** From now on it can only be read. */
  readonly makeReadOnly: () => void;
  readonly remove: () => void;
}

const mount = (folder: string, megabytes: number): void =>
  void execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder], { stdio: "ignore" });

const hadRoom = (write: () => void): boolean => {
  try {
    write();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") return false;
    throw error;
  }
};

export const smallDisk = (megabytes: number): SmallDisk => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-disk-"));
  try {
    mount(folder, megabytes);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill: (leftBytes = 0) => {
      // Block by block: others write meanwhile.
      for (
        let { bavail, bsize } = statfsSync(folder);
        bavail * bsize > leftBytes;
        { bavail, bsize } = statfsSync(folder)
      )
        if (!hadRoom(() => writeFileSync(ballast, Buffer.alloc(bsize), { flag: "a" }))) return;
    },
    empty: () => truncateSync(ballast, 0),
    makeReadOnly: () => void execFileSync("mount", ["-o", "remount,ro", folder], { stdio: "ignore" }),
    remove: () => {
      // Lazily: a process that was killed may not have let go of its files yet.
      execFileSync("umount", ["--lazy", folder], { stdio: "ignore" });
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** False where this user may not mount anything. */
export const canMount = ((): boolean => {
  try {
    smallDisk(1).remove();
    return true;
  } catch {
    return false;
  }
})();
