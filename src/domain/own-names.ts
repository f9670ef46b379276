import type { BytePath } from "./byte-path.ts";

/**
 * What Lifeboat puts beside or into a site starts with this: staged and kept files, journals. Such names lie in the
 * root of a listed directory or in `site/`, and only there are they ours; deeper down they are the user's.
 */
export const ownPrefix = ".lifeboat-";

/** The page that stands in front of a site while its content is exchanged, in `site/wwwroot`. */
export const offlinePageName = "app_offline.htm";

const offlineMark = "<!-- lifeboat run ";

/** Names the run, so that a page left behind is known as ours and by whom; a user's own page stays ordinary content. */
export const offlinePage = (run: string): string =>
  `<!doctype html>\n${offlineMark}${run} -->\n<title>Back in a moment</title>\n<p>This site is being restored and will be back in a moment.</p>\n`;

/** The run an offline page was placed for; undefined when it is not ours. */
export const offlinePageRun = (content: string): string | undefined =>
  new RegExp(`^<!doctype html>\n${offlineMark}([a-z0-9-]+) -->`).exec(content)?.[1];

/** Whether a path below the home is ours rather than the site's; `rootAt` is where its directory lies in the site. */
export const isOwnPath = (path: BytePath, rootAt: BytePath): boolean => {
  if (!path.includes(ownPrefix)) return false;
  const inRoot = rootAt === "" ? path : path.slice(rootAt.length + 1);
  return inRoot.startsWith(ownPrefix) || path.startsWith(`site/${ownPrefix}`);
};
