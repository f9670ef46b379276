import { parseContainerUrl, type ContainerAccess } from "../../domain/container-url.ts";
import { refuse } from "../../domain/errors.ts";
import { Secret } from "../../domain/secret.ts";
import { siteLabel } from "../../domain/site.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import type { Destination } from "../../ports/destination.ts";
import type { Installation } from "../installation.ts";
import { withCredential } from "./credentials.ts";
import { readConfigurationRow } from "../rows/schedule-rows.ts";

/** The container of the request, else of the site's backup configuration, else of its file, else the installation's. */
export const whereTo = async (
  deps: Installation,
  site: SiteDefinition,
  request: { readonly storageAccountUrl?: Secret },
): Promise<ContainerAccess> => {
  if (request.storageAccountUrl !== undefined)
    return parseContainerUrl(request.storageAccountUrl, "properties.storageAccountUrl");
  const configuration = (await readConfigurationRow(deps.catalog, site.id))?.configuration;
  if (configuration?.isOwn === true && configuration.container !== undefined)
    return { container: configuration.container };
  const fallback = (site.defaultDestination ?? deps.policy.defaultDestination).reveal();
  if (fallback === "") throw refuse("DestinationMissing", { site: siteLabel(site.id) });
  const folder = siteLabel(site.id).toLowerCase().replace("/", "-");
  return parseContainerUrl(new Secret(fallback.replace("{site}", folder)), "LIFEBOAT_DESTINATION");
};

/** Where the site's backups go when nobody says otherwise, opened with the newest credential known for it. */
export const usualContainer = async (
  deps: Installation,
  site: SiteDefinition,
): Promise<{ readonly container: string; readonly destination: Destination }> => {
  const { container, credential } = await withCredential(deps, await whereTo(deps, site, {}));
  return { container, destination: await deps.destinations.open(container, credential) };
};
