import type { SiteConfiguration } from "../../ports/site-host.ts";

/**
 * Settings that belong to the place and not to the application: a restore keeps the target's own, or has none where the
 * target has none (docs/restore.md, "Configuration").
 */
export const ownSettings: Readonly<Record<string, string>> = {
  WEBSITE_CONTENTAZUREFILECONNECTIONSTRING: "where the platform keeps the app's files",
  WEBSITE_CONTENTSHARE: "the share with the app's files: two apps with one would overwrite each other's",
  WEBSITE_RUN_FROM_PACKAGE: "a package that stands in front of the restored files",
  WEBSITE_RUN_FROM_ZIP: "the same, by its older name",
  WEBSITE_AUTH_ENCRYPTION_KEY: "the site's own keys for logins; authentication is not restored",
  WEBSITE_AUTH_SIGNING_KEY: "the same",
};

/** The configuration of a site after a restore: the archive's, but for what belongs to the place. */
export const restoredConfiguration = (
  archived: SiteConfiguration,
  current: SiteConfiguration,
): { readonly configuration: SiteConfiguration; readonly lines: readonly string[] } => {
  const isOwn = (name: string): boolean => Object.hasOwn(ownSettings, name.toUpperCase());
  const entries = <Value>(record: Readonly<Record<string, Value>>, wanted: (name: string) => boolean) =>
    Object.entries(record).filter(([name]) => wanted(name));
  const left = Object.keys(archived.appSettings).filter(isOwn);
  const configuration = {
    appSettings: Object.fromEntries([
      ...entries(archived.appSettings, (name) => !isOwn(name)),
      ...entries(current.appSettings, isOwn),
    ]),
    connectionStrings: archived.connectionStrings,
  };
  const counts = `${Object.keys(archived.appSettings).length - left.length} app settings and ${Object.keys(archived.connectionStrings).length} connection strings`;
  return {
    configuration,
    lines: [
      `The configuration was restored: ${counts}.`,
      ...(left.length > 0 ? [`Not restored, because they belong to the place: ${left.join(", ")}.`] : []),
    ],
  };
};
