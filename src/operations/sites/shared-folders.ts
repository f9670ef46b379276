import { reaches, type Reach } from "../../domain/caller.ts";
import { foldersOverlap } from "../../domain/folder-path.ts";
import { siteKey, siteLabel, type SiteId } from "../../domain/site.ts";
import { someOf } from "../../domain/some-of.ts";
import type { SiteDescription } from "../../ports/sites.ts";
import type { Installation } from "../installation.ts";

const foldersOf = ({ home, wwwroot, directories = {} }: SiteDescription = {}): readonly string[] =>
  [home, wwwroot, ...Object.values(directories)].filter((folder) => folder !== undefined);

interface SiteFolders {
  readonly id: SiteId;
  readonly folders: readonly string[];
}

/** Where the files of all sites within reach lie. */
export const siteFolders = async (
  { sites }: Pick<Installation, "sites">,
  reach: Reach,
): Promise<readonly SiteFolders[]> => {
  const within = (await sites.list()).filter(({ id }) => reaches(reach, id));
  return Promise.all(within.map(async ({ id }) => ({ id, folders: foldersOf(await sites.describedAs(id)) })));
};

/**
 * Names the sites whose folders hold the site's, or lie in them, in a sentence. That is allowed (a blog below a shop), and
 * mostly a slip: a restore of the outer one takes the inner one's files back too.
 */
export const sharedFolders = (id: SiteId, all: readonly SiteFolders[]): readonly string[] => {
  const isSelf = (one: SiteFolders): boolean => siteKey(one.id) === siteKey(id);
  const own = all.find(isSelf)?.folders ?? [];
  const found = all
    .filter((one) => !isSelf(one) && one.folders.some((folder) => own.some((mine) => foldersOverlap(folder, mine))))
    .map((one) => siteLabel(one.id));
  if (found.length === 0) return [];
  return [`It shares folders with ${someOf(found, 5)}: a restore of one changes the files of the other.`];
};
