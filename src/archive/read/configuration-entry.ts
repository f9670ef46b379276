import { pathFromText } from "../../domain/byte-path.ts";
import { Secret } from "../../domain/secret.ts";
import type { Recovery } from "../../ports/secrets.ts";
import type { SiteConfiguration } from "../../ports/site-host.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";

/** Where an archive keeps the site's configuration: beside `fs/`, so no file of a site has this name. */
export const configurationEntryName = pathFromText("configuration.json");

/** More than any site has; a forged entry cannot fill memory. */
export const maxConfigurationBytes = 16 * 2 ** 20;

/** What an archive says of a configuration to everyone: names, and which recovery key opens the values. */
interface ConfigurationEntry {
  /** Whose it was, as `siteResourceId` writes it. */
  readonly site: string;
  readonly appSettings: readonly string[];
  readonly connectionStrings: readonly string[];
  /** Absent when the values are not in the archive. */
  readonly values?: { readonly recoveryKey: string; readonly sealed: Uint8Array };
}

/** The values can be opened for this site only: a box cannot be moved into the archive of another. */
const contextOf = (site: string): string => `The configuration of ${site}`;

/** JSON: names in clear, values sealed to the recovery key; where there is none only the names. */
export const encodeConfiguration = async (
  site: string,
  configuration: SiteConfiguration,
  recovery: Recovery,
): Promise<Uint8Array> => {
  const values = recovery.keyId !== undefined && {
    recoveryKey: recovery.keyId,
    sealed: Buffer.from(await recovery.seal(configurationBytes(configuration), contextOf(site))).toString("base64"),
  };
  const entry = {
    version: 1,
    site,
    appSettings: Object.keys(configuration.appSettings).toSorted(),
    connectionStrings: Object.keys(configuration.connectionStrings).toSorted(),
    ...values,
  };
  return Buffer.from(`${JSON.stringify(entry, null, 2)}\n`);
};

/** Everything in clear, to be sealed. */
export const configurationBytes = ({ appSettings, connectionStrings }: SiteConfiguration): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      appSettings: Object.entries(appSettings).map(([name, value]) => [name, value.reveal()]),
      connectionStrings: Object.entries(connectionStrings).map(([name, { value, type }]) => [
        name,
        value.reveal(),
        type,
      ]),
    }),
  );

/** Throws ArchiveInvalid for anything else than what `encodeConfiguration` makes. */
export const decodeConfiguration = (bytes: Uint8Array): ConfigurationEntry => {
  const json = parsed(bytes);
  if (json["version"] !== 1) throw invalid("It is of a newer version.");
  const { site, recoveryKey, sealed } = json;
  if (typeof site !== "string") throw invalid("It names no site.");
  const names = { appSettings: texts(json["appSettings"]), connectionStrings: texts(json["connectionStrings"]) };
  if (sealed === undefined) return { site, ...names };
  if (typeof sealed !== "string" || typeof recoveryKey !== "string") throw invalid("Its values are not sealed.");
  return { site, ...names, values: { recoveryKey, sealed: Buffer.from(sealed, "base64") } };
};

/** Throws SecretUnreadable as `Recovery.open` does. Undefined when the values are not in the archive. */
export const openConfiguration = async (
  entry: ConfigurationEntry,
  recovery: Pick<Recovery, "open">,
  key?: Secret,
): Promise<SiteConfiguration | undefined> => {
  if (entry.values === undefined) return undefined;
  return configurationFromBytes(await recovery.open(entry.values.sealed, contextOf(entry.site), key));
};

export const configurationFromBytes = (bytes: Uint8Array): SiteConfiguration => {
  const json = parsed(bytes);
  return {
    appSettings: Object.fromEntries(rows(json["appSettings"], 2).map(([name, value]) => [name, new Secret(value)])),
    connectionStrings: Object.fromEntries(
      rows(json["connectionStrings"], 3).map(([name, value, type = ""]) => [name, { value: new Secret(value), type }]),
    ),
  };
};

const parsed = (bytes: Uint8Array): Readonly<Record<string, unknown>> => {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    // Safe: an object of JSON is a record.
    if (typeof json === "object" && json !== null) return json as Readonly<Record<string, unknown>>;
  } catch {
    // What the parser says quotes the text, which may be secret.
  }
  throw invalid("It is no object of JSON.");
};

const texts = (value: unknown): readonly string[] => {
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw invalid("It lists no names.");
  return value;
};

const rows = (value: unknown, length: number): (readonly [string, string, string?])[] => {
  const isRow = (row: unknown): row is readonly [string, string, string?] =>
    Array.isArray(row) && row.length === length && row.every((item) => typeof item === "string");
  if (!Array.isArray(value) || !value.every(isRow)) throw invalid("Its values are not as they should be.");
  return value;
};

const invalid = (what: string): ArchiveInvalid =>
  new ArchiveInvalid("BadRecord", what, { entry: configurationEntryName });
