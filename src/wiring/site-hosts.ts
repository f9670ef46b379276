import { localSiteHost } from "../adapters/site-files/local-site-host.ts";
import type { LocalSite } from "../adapters/sites/local-sites.ts";
import { pathFromText } from "../domain/byte-path.ts";
import type { FolderLister } from "../ports/folder-lister.ts";
import type { LocalRoot } from "../ports/site-files.ts";
import type { SiteHost } from "../ports/site-host.ts";

const rootsOf = ({ home, wwwroot, directories }: LocalSite["content"]): readonly LocalRoot[] => [
  ...(home === undefined ? [] : [{ at: pathFromText(""), directory: home }]),
  ...(wwwroot === undefined ? [] : [{ at: pathFromText("site/wwwroot"), directory: wwwroot }]),
  ...Object.entries(directories).map(([name, directory]) => ({ at: pathFromText(name), directory })),
];

/** A site of this machine; `lister` reads its folders. */
export const hostOf = ({ content, settings }: LocalSite, lister: FolderLister): SiteHost =>
  localSiteHost({
    roots: rootsOf(content),
    settings,
    lister,
    ...(content.owner === undefined ? {} : { owner: content.owner }),
    ...(content.stop === undefined ? {} : { stopCommand: content.stop }),
    ...(content.start === undefined ? {} : { startCommand: content.start }),
  });
