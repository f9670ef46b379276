import { refuse } from "../../domain/errors.ts";
import type { DescribedSite } from "../../operations/describe-site.ts";
import type { SiteDescription } from "../../ports/sites.ts";
import { properties, type JsonObject } from "./lenient-json.ts";
import { siteEnvelope } from "./site.ts";

export const parseSiteDescription = (body: JsonObject): SiteDescription => {
  const given = properties(body);
  const home = given.text("home");
  const wwwroot = given.text("wwwroot");
  if ((home === undefined) === (wwwroot === undefined))
    throw refuse("InvalidField", { field: "properties.home", reason: "give either home or wwwroot, and not both." });
  const directories = Object.entries(given.object("directories") ?? {}).map(([name, directory]) => {
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name) || typeof directory !== "string")
      throw refuse("InvalidField", {
        field: "properties.directories",
        reason: `"${name.slice(0, 100)}" has to be a plain name with an absolute path.`,
      });
    return [name, directory] as const;
  });
  return {
    ...(home === undefined ? {} : { home }),
    ...(wwwroot === undefined ? {} : { wwwroot }),
    ...(directories.length === 0 ? {} : { directories: Object.fromEntries(directories) }),
  };
};

/** Own extension: where a site's files lie. */
export const siteDescriptionReply = ({ site, description }: DescribedSite) => ({
  ...siteEnvelope(site),
  properties: {
    home: description.home ?? null,
    wwwroot: description.wwwroot ?? null,
    directories: description.directories ?? {},
  },
});
