import { refuse } from "../domain/errors.ts";
import { isSiteName, siteLabel, type SiteId } from "../domain/site.ts";
import type { SiteHost } from "../ports/site-host.ts";
import type { SiteDefinition } from "../ports/sites.ts";
import type { Installation } from "./installation.ts";
import { readSiteRow } from "./rows/site-row.ts";

export const siteNotFound = (id: SiteId) => refuse("SiteNotFound", { name: siteLabel(id), group: id.resourceGroup });

/** A new site's name becomes a file's or a directory's, so it is held to what Azure allows. */
export const checkNewName = (id: SiteId): void => {
  const wrong = [id.name, id.slot ?? id.name].find((name) => !isSiteName(name));
  if (wrong !== undefined)
    throw refuse("InvalidField", {
      field: "the site's name",
      reason: `"${wrong.slice(0, 100)}" is not made of letters (a to z), digits and inner hyphens, 60 at most.`,
    });
};

/** A site that is there now. */
export const findSite = async (deps: Pick<Installation, "sites">, id: SiteId): Promise<SiteDefinition> => {
  const site = await deps.sites.find(id);
  if (site === undefined) throw siteNotFound(id);
  return site;
};

/** Opens a site whose files are to be looked at. Throws SiteFilesMissing where its directory is not there. */
export const hostWithFiles = async (deps: Pick<Installation, "hosts">, id: SiteId): Promise<SiteHost> => {
  const host = await deps.hosts.host(id);
  if ((await host.content()) !== "missing") return host;
  throw refuse("SiteFilesMissing", { site: siteLabel(id), directory: host.location });
};

/** A site that is there, or one that nothing is known of but its name. */
export const siteOrName = async (deps: Pick<Installation, "sites">, id: SiteId): Promise<SiteDefinition> =>
  (await deps.sites.find(id)) ?? nameOnly(id);

const nameOnly = (id: SiteId): SiteDefinition => ({ id, location: "Local", tier: "Standard" });

/** A site that is there, or was: one whose file or directory is gone still lists and restores its backups. */
export const findSiteOrPast = async (
  deps: Pick<Installation, "sites" | "catalog">,
  id: SiteId,
): Promise<SiteDefinition> => {
  const site = await deps.sites.find(id);
  if (site !== undefined) return site;
  if ((await readSiteRow(deps.catalog, id)).nextBackupId === 1) throw siteNotFound(id);
  return nameOnly(id);
};
