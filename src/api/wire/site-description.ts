import { refuse } from "../../domain/errors.ts";
import type { DescribedSite } from "../../operations/sites/describe-site.ts";
import { Secret } from "../../domain/secret.ts";
import type { NewSite } from "../../ports/sites.ts";
import { isObject, properties, type JsonObject } from "./lenient-json.ts";
import { siteEnvelope } from "./site.ts";

export const parseSiteDescription = (body: JsonObject): NewSite => {
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
    ...configurationOf(given),
  };
};

const configurationOf = (given: ReturnType<typeof properties>): Pick<NewSite, "appSettings" | "connectionStrings"> => {
  const appSettings = given.object("appSettings");
  const connectionStrings = given.object("connectionStrings");
  return {
    ...(appSettings === undefined ? {} : { appSettings: eachOf(appSettings, "appSettings", settingOf) }),
    ...(connectionStrings === undefined
      ? {}
      : { connectionStrings: eachOf(connectionStrings, "connectionStrings", connectionStringOf) }),
  };
};

/** Wrong ones are named, and no value is: it may be a secret. */
const eachOf = <Value>(
  given: JsonObject,
  field: string,
  read: (value: unknown) => Value | undefined,
): Readonly<Record<string, Value>> =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const found = name.trim() === "" ? undefined : read(value);
      if (found !== undefined) return [name, found] as const;
      const expected = field === "appSettings" ? "a text" : "an object with value and type";
      throw refuse("InvalidField", {
        field: `properties.${field}`,
        reason: `"${name.slice(0, 100)}" has to be a name with ${expected}.`,
      });
    }),
  );

const settingOf = (value: unknown): Secret | undefined => (typeof value === "string" ? new Secret(value) : undefined);

const connectionStringOf = (found: unknown): { readonly value: Secret; readonly type: string } | undefined => {
  if (!isObject(found)) return undefined;
  const { value, type = "Custom" } = found;
  const isWhole = typeof value === "string" && value.trim() !== "" && typeof type === "string";
  return isWhole ? { value: new Secret(value), type } : undefined;
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
