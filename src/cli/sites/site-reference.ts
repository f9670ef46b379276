import { parseSiteName, siteLabel, siteResourceId, type SiteId } from "../../domain/site.ts";
import type { Answer } from "../service/answer.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import type { Service } from "../service/service.ts";

/** Sites of all subscriptions, own to Lifeboat. */
export const sitesPath = "/providers/Lifeboat/sites";

/** As a rule the first start has made one: where there is none, more likely their files are gone. */
export const noSites =
  "No site is described here. `lifeboat site add NAME FOLDER` describes one; backups of a site whose description is gone are still listed by its name: `lifeboat list NAME`.\n";

/** Where a site of one machine lies that says nothing else. */
const localGroup = { subscription: "00000000-0000-0000-0000-000000000000", resourceGroup: "local" } as const;

/** What belongs to no site in particular is asked below one; it need not exist. */
export const anySitePath = siteResourceId({ ...localGroup, name: "any" });

/** A site that was named, and where the API has it. */
export interface SiteReference {
  readonly label: string;
  readonly path: string;
  /** Undefined for a site that is gone and has backups still. */
  readonly state: Answer | undefined;
}

/** `shop`, `shop/staging`, `shop(staging)`, or a whole resource id. A name that several sites have is refused. */
export const findSite = async (service: Service, text: string): Promise<SiteReference> => {
  const whole = parseResourceId(text);
  if (whole !== undefined) return { label: siteLabel(whole), path: encodeURI(siteResourceId(whole)), state: undefined };
  const wanted = parseSiteName(text);
  if (wanted === undefined)
    throw new CommandFailure(
      exitCodes.usage,
      "SiteNameInvalid",
      `"${text}" is no site's name: shop, or shop/staging for a slot.`,
    );
  const label = siteLabel({ ...localGroup, ...wanted });
  const states = await service.all(sitesPath, { query: { name: wanted.name } });
  const found = states.filter((state) => state.text("name").toLowerCase() === label.toLowerCase());
  const [only] = found;
  if (only === undefined) return goneSite(service, { ...localGroup, ...wanted });
  if (found.length > 1)
    throw new CommandFailure(
      exitCodes.usage,
      "SiteAmbiguous",
      `Several sites are called ${label}. Name one by its id:\n${found.map((state) => `  ${state.text("id")}`).join("\n")}`,
    );
  return referenceOf(only);
};

/** Where a site that is still to be described will be: beside the others of this machine, a slot below its app. */
export const newSitePath = async (
  service: Service,
  text: string,
): Promise<{ readonly label: string; readonly path: string }> => {
  const whole = parseResourceId(text);
  if (whole !== undefined) return { label: siteLabel(whole), path: encodeURI(siteResourceId(whole)) };
  const wanted = parseSiteName(text);
  if (wanted === undefined)
    throw new CommandFailure(
      exitCodes.usage,
      "SiteNameInvalid",
      `"${text}" cannot be a site's name: letters (a to z), digits and hyphens, and /staging behind it for a slot.`,
    );
  const id = { ...localGroup, ...wanted };
  const path =
    wanted.slot === undefined
      ? encodeURI(siteResourceId(id))
      : `${(await findSite(service, wanted.name)).path}/slots/${wanted.slot}`;
  return { label: siteLabel(id), path };
};

export const referenceOf = (state: Answer): SiteReference => ({
  label: state.text("name"),
  path: encodeURI(state.text("id")),
  state,
});

/** `shop/staging` of a site's id; what is the id of something else stays as it is. */
export const labelOfId = (id: string): string => {
  const site = parseResourceId(id);
  return site === undefined ? id : siteLabel(site);
};

const parseResourceId = (text: string): SiteId | undefined => {
  const [, subscription, resourceGroup, name, slot] =
    /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Web\/sites\/([^/]+)(?:\/slots\/([^/]+))?\/?$/i.exec(
      text,
    ) ?? [];
  if (subscription === undefined || resourceGroup === undefined || name === undefined) return undefined;
  return { subscription, resourceGroup, name, ...(slot === undefined ? {} : { slot }) };
};

/** A site whose file is gone still lists and restores its backups; one that never had any does not exist. */
const goneSite = async (service: Service, id: SiteId): Promise<SiteReference> => {
  const path = encodeURI(siteResourceId(id));
  try {
    await service.get(`${path}/backups`);
    return { label: siteLabel(id), path, state: undefined };
  } catch (error) {
    if (!(error instanceof CommandFailure) || error.exitCode !== exitCodes.notFound) throw error;
    const known = (await service.all(sitesPath)).map((state) => state.text("name"));
    const shown =
      known.length === 0
        ? "There are no sites yet: see `lifeboat site add --help`."
        : `Sites: ${known.slice(0, 20).join(", ")}${known.length > 20 ? ", ..." : ""}.`;
    throw new CommandFailure(exitCodes.notFound, "SiteNotFound", `There is no site ${siteLabel(id)}. ${shown}`, {
      cause: error,
    });
  }
};
