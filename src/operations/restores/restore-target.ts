import { refuse } from "../../domain/errors.ts";
import { parseSiteName, siteLabel, siteWithSlot, type SiteId } from "../../domain/site.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import { checkNewName, siteNotFound } from "../find-site.ts";
import type { Installation } from "../installation.ts";

/** How a body names the site that a restore is for. */
export interface TargetWish {
  readonly overwrite: boolean;
  readonly siteName?: string;
  /** Own extension: the site's files stay as they are. */
  readonly databasesOnly?: boolean;
}

/** Which site a restore is for; without a definition it is one that would have to be made. Changes nothing. */
export const wantedTarget = async (
  deps: Installation,
  pathSite: SiteId,
  wish: TargetWish,
): Promise<{ readonly id: SiteId; readonly site: SiteDefinition | undefined }> => {
  const id = targetId(pathSite, wish.siteName);
  const site = await deps.sites.find(id);
  if (site === undefined) {
    if (wish.overwrite || wish.databasesOnly === true) throw siteNotFound(id);
    checkNewName(id);
  } else if (!wish.overwrite && wish.databasesOnly !== true) await checkEmpty(deps, id);
  return { id, site };
};

const checkEmpty = async (deps: Installation, id: SiteId): Promise<void> => {
  const content = await (await deps.hosts.host(id)).content();
  if (content === "present") throw refuse("SiteExists", { site: siteLabel(id) });
};

/** `siteName` may name another app, or a slot as `app(slot)`; without it the path's site is meant. */
export const targetId = (pathSite: SiteId, siteName: string | undefined): SiteId => {
  if (siteName === undefined || siteName === "") return pathSite;
  const parsed = parseSiteName(siteName);
  if (parsed === undefined)
    throw refuse("InvalidField", {
      field: "properties.siteName",
      reason: `"${siteName}" is not a site's name, nor name(slot).`,
    });
  // Clients that restore to a slot name the slot in the path and the app in siteName.
  if (parsed.slot === undefined && parsed.name.toLowerCase() === pathSite.name.toLowerCase()) return pathSite;
  return siteWithSlot({ ...pathSite, name: parsed.name }, parsed.slot);
};

export const newSite = async (deps: Installation, id: SiteId): Promise<SiteDefinition> => {
  const site = await deps.sites.create(id);
  // A site just made may have found a directory that somebody else filled.
  await checkEmpty(deps, site.id);
  return site;
};
