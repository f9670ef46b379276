import { realpath, stat } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { refuse } from "../../domain/errors.ts";
import { containsFolder, foldersOverlap } from "../../domain/folder-path.ts";

/** Lifeboat's own places, which no site may hold or lie in. */
export interface OwnFolders {
  /** Of site files. */
  readonly folder: string;
  readonly dataFolder: string | undefined;
  /** New sites lie here; it may be below the data folder. */
  readonly sitesRoot: string;
}

/** A site may not hold site files (they hold settings in clear) nor the data folder, nor lie in them. A sentence, or undefined. */
export const recursionProblem = async (
  directories: readonly string[],
  { folder, dataFolder, sitesRoot }: OwnFolders,
): Promise<string | undefined> => {
  const www = await real(sitesRoot);
  const own = [folder, ...(dataFolder === undefined ? [] : [dataFolder])];
  const forbidden = await Promise.all(own.map(async (named) => ({ named, at: await real(named) })));
  for (const directory of directories) {
    const at = await real(directory);
    const isBelow = (outer: string): boolean => at !== outer && containsFolder(outer, at);
    const found = forbidden.find((one) => foldersOverlap(at, one.at) && !(isBelow(one.at) && isBelow(www)));
    if (found !== undefined)
      return `${directory} and Lifeboat's own folder ${found.named} contain one another. Move one of the two.`;
  }
  return undefined;
};

/**
 * Directories that a caller names for a new site: there, in or below a root that the installation allows (by where they
 * really are, for a link may lead anywhere), and not Lifeboat's own. Throws SiteDirectoryRefused.
 */
export const checkDirectories = async (
  directories: readonly string[],
  { roots, own }: { readonly roots: readonly string[]; readonly own: OwnFolders },
): Promise<void> => {
  const allowed = await Promise.all(roots.map(real));
  for (const directory of directories) {
    const refused = (reason: string) => refuse("SiteDirectoryRefused", { directory, reason });
    if (!isAbsolute(directory) || resolve(directory) !== directory.replace(/(?<=.)\/+$/, ""))
      throw refused("it is not an absolute path, without dots.");
    const at = await real(directory);
    // First, so that nobody learns here what lies elsewhere.
    if (!allowed.some((root) => root === at || containsFolder(root, at)))
      throw refused(
        `it is in none of ${roots.join(", ")} (LIFEBOAT_SITE_ROOTS). Start Lifeboat with --site-roots and a folder that holds it, or write its site file by hand.`,
      );
    const found = await stat(at).catch(() => undefined);
    if (found === undefined) throw refused("it is not there, or cannot be looked at.");
    if (!found.isDirectory()) throw refused("it is no directory.");
  }
  const problem = await recursionProblem(directories, own);
  const [directory = ""] = directories;
  if (problem !== undefined) throw refuse("SiteDirectoryRefused", { directory, reason: problem });
};

/** What is not there yet, or cannot be looked at, is taken at its word. */
const real = async (path: string): Promise<string> => realpath(path).catch(() => path);
