import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

interface PackageFolder {
  /** A Debian package. */
  readonly name: string;
  /** The folder inside the package whose content is wanted. */
  readonly folder: string;
}

const downloaded = (downloads: string, name: string): string | undefined => {
  const file = readdirSync(downloads).find((entry) => entry.startsWith(`${name}_`) && entry.endsWith(".deb"));
  return file && join(downloads, file);
};

/**
 * Copies a folder of a Debian package to `into`, without installing anything. False where the machine has no such
 * package manager or it does not offer the package: the corpus is then smaller, and its description says so.
 */
export const unpackPackage = (wanted: PackageFolder, into: string, work: string): boolean => {
  const downloads = join(work, "packages");
  const unpacked = join(work, "unpacked");
  mkdirSync(downloads, { recursive: true });
  // apt downloads as a user of its own when it can write here.
  chmodSync(downloads, 0o777);
  try {
    if (!downloaded(downloads, wanted.name))
      execFileSync("apt-get", ["download", "-q", wanted.name], { cwd: downloads, stdio: "ignore" });
    const file = downloaded(downloads, wanted.name);
    if (!file) return false;
    execFileSync("dpkg-deb", ["-x", file, unpacked], { stdio: "ignore" });
    const folder = join(unpacked, wanted.folder);
    if (!existsSync(folder)) return false;
    cpSync(folder, into, { recursive: true, verbatimSymlinks: true });
    return true;
  } catch (error) {
    console.error(`${wanted.name} is not available here: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
};
