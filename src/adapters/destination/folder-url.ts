import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { errorCode } from "../../domain/error-code.ts";
import { refuse } from "../../domain/errors.ts";
import { containsFolder, foldersOverlap } from "../../domain/folder-path.ts";
import { refused } from "./storage-url.ts";

/** Which folders a caller may name as destination. */
export interface FolderPolicy {
  readonly dataFolder: string;
  readonly sitesFolder: string;
  readonly sitesRoot: string;
  /** Destinations lie in or below these. Only one inside the data folder is made when it is missing. */
  readonly fileRoots: readonly string[];
  /** All directories of all sites, as their files name them. */
  readonly siteDirectories: () => Promise<readonly string[]>;
}

/** A site's directory, and where it really is. */
export interface SiteDirectory {
  readonly directory: string;
  readonly real: string;
}

/** A site's directory that cannot be looked at is taken at its word. */
export const realSiteDirectories = async (directories: readonly string[]): Promise<readonly SiteDirectory[]> =>
  Promise.all(
    directories.map(async (directory) => ({
      directory,
      real: await realFolder(directory, "").catch(() => directory),
    })),
  );

/**
 * The real path of a `file:` URL's folder, which need not exist yet. Throws DestinationRefused when it is not below a root
 * or when it, the data folder and a site contain one another, and DestinationUnavailable when its disk is not mounted.
 */
export const checkFolderUrl = async (
  container: string,
  policy: FolderPolicy,
  sites: () => Promise<readonly SiteDirectory[]>,
): Promise<string> => {
  const folder = await realFolder(pathOf(container), container);
  const root = await rootOf(folder, container, policy);
  if (root === undefined)
    throw refused(
      container,
      `it is not below one of LIFEBOAT_FILE_ROOTS (${policy.fileRoots.join(", ")}). Name a folder there that holds it.`,
    );
  await checkOwnFolders(folder, container, policy);
  const site = (await sites()).find(({ real }) => foldersOverlap(folder, real));
  if (site !== undefined)
    throw refused(
      container,
      `it and the site directory ${site.directory} contain one another: each backup would hold the ones before it. Name another folder.`,
    );
  return folder;
};

const pathOf = (container: string): string => {
  const url = new URL(container);
  if (url.search !== "" || url.hash !== "") throw refused(container, "a folder's URL has no ? and no #. Escape them.");
  try {
    const path = fileURLToPath(url);
    if (path.includes("\0")) throw new TypeError("A path holds no NUL.");
    return path;
  } catch (error) {
    throw refuse(
      "DestinationRefused",
      { url: container, reason: "it is not the URL of a folder of this machine. Expected file:///FOLDER." },
      { cause: error },
    );
  }
};

/** The path with all links resolved, as far as it exists; what is still to be made follows as it is. */
const realFolder = async (path: string, container: string): Promise<string> => {
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT" && dirname(path) !== path)
      return join(await realFolder(dirname(path), container), basename(path));
    throw refuse(
      "DestinationUnavailable",
      { url: container, reason: `${path} cannot be looked at (${errorCode(error)}). Correct the path or its rights.` },
      { cause: error },
    );
  }
};

const rootOf = async (folder: string, container: string, policy: FolderPolicy): Promise<string | undefined> => {
  for (const root of policy.fileRoots) {
    const real = await realFolder(root, container);
    if (!containsFolder(real, folder)) continue;
    if (!containsFolder(policy.dataFolder, root) && !(await exists(root)))
      throw refuse("DestinationUnavailable", { url: container, reason: `${root} is not there. Mount or create it.` });
    return real;
  }
  return undefined;
};

const exists = async (path: string): Promise<boolean> =>
  realpath(path).then(
    () => true,
    () => false,
  );

const checkOwnFolders = async (folder: string, container: string, policy: FolderPolicy): Promise<void> => {
  const [data, sites, www] = await Promise.all(
    [policy.dataFolder, policy.sitesFolder, policy.sitesRoot].map(async (own) => realFolder(own, container)),
  );
  const isOwnBackups = containsFolder(join(data ?? "", "backups"), folder);
  if (!isOwnBackups && foldersOverlap(folder, data ?? ""))
    throw refused(container, `it and the data folder ${policy.dataFolder} contain one another. Name another folder.`);
  if (foldersOverlap(folder, sites ?? "") || foldersOverlap(folder, www ?? ""))
    throw refused(container, "it and the folders of the sites contain one another. Name another folder.");
};
