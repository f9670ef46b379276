/**
 * Everything Lifeboat refuses, with what to do about it. docs/errors.md holds the same list for people (tested both ways);
 * api/arm-error.ts maps each code to HTTP. `{words}` are filled from the details given to `refuse`.
 */
const register = {
  AllSitesNeeded: "{caller} may not do this: it is limited to some sites, and this takes a key for all of them.",
  ApiVersionMissing:
    "The api-version query parameter (?api-version=) is required. Any version from 2015-08-01 on will do.",
  ArchiveAltered: "{blob} is not the archive that was backed up: {reason} Restore another backup.",
  ArchiveNotReached:
    "{caller} may not read {blob}: it is not known as a backup of a site that is within reach. Bring a SAS of your own for its container.",
  ArchiveUnreadable: "{blob} cannot be read as a backup: {reason}",
  BackupNotFound: "Backup {backup} of {site} does not exist. List the site's backups to see which do.",
  BackupNotRestorable:
    "Backup {backup} of {site} is {status}; only one that Succeeded or PartiallySucceeded can be restored.",
  BackupUnreadable:
    "What the catalog holds of backup {backup} of {site} cannot be read. Start the version of Lifeboat that wrote it, or put the last good copy of the catalog back (docs/operating.md).",
  BodyIncomplete: "The request body did not arrive whole: {reason}",
  BodyTooLarge: "The request body is larger than {limit} bytes.",
  CallerUnknown:
    "The request carries no valid key or token. Send `Authorization: Bearer <secret>`; the key's file is named when Lifeboat starts.",
  CallerNotAllowed: "{caller} may not do this: it needs the role {role} for {site}.",
  CallerWithoutRole:
    "{caller} has no role in Lifeboat. Assign Lifeboat.Reader, Lifeboat.Operator or Lifeboat.Admin in Entra ID.",
  ConfigurationNotFound: "Backup configuration not found for site '{site}' with slot '{slot}'",
  ConfigurationNotReached:
    "{caller} may not restore app settings and connection strings out of {blob}: this installation does not know it as a backup of its own. Set recoverConfiguration to false, or have somebody without limits restore it.",
  ContainerNotReached:
    "{caller} may not use {url} for {site}: it is not where that site's backups go, and the URL brings no SAS that opens it.",
  DatabaseNotReached:
    "{caller} may not reach {database} by this connection string: it brings no login of its own. Name a server, a user and a password, or one of the site's connection strings.",
  DestinationMissing:
    "No storageAccountUrl was given and {site} has no default destination. Name a container in the request or in the site's file.",
  DestinationRefused: "The destination {url} may not be used: {reason}",
  DestinationUnavailable: "The destination {url} cannot be used now: {reason}",
  DiskFull: "{what} The disk of {folder} has {free} free, {needed} needed. {next}",
  Internal: "Lifeboat failed at this request, not you. Its log holds the cause under request id {request}.",
  InvalidBody: "The request body is not valid: {reason}",
  InvalidField: "{field}: {reason}",
  KeyExists: "There is a key {key} already. Choose another name, or revoke it first.",
  KeyExpired: "The key {key} expired on {expired}. Ask an admin for another one.",
  KeyNotFound: "There is no key {key}. List the keys to see which there are.",
  NothingToUndo: "{site} has no restore that can be undone{reason}.",
  OperationNotCancellable: "The {kind} of {site} cannot be cancelled: {reason}",
  OperationNotFound: "Operation {operation} of {site} does not exist, or its result is no longer kept.",
  PathNotInBackup:
    "Backup {backup} of {site} does not contain {path}. Paths begin at the site's home, as site/wwwroot/index.html does; list the folder above to see what is there.",
  QuotaExceeded:
    "{site} has had the {limit} backups that it may have a day. The next one is possible from {next}, or after the limit was raised.",
  RestoreFailed: "{reason}",
  RouteNotFound: "{method} {path} is not an operation of Lifeboat. docs/api.md lists them all.",
  SecretUnreadable: "{reason}",
  SiteBusy:
    "Cannot modify this site because another operation is in progress. Details: Id: {run}, OperationName: {kind}, CreatedTime: {since}. Wait for it to end, or cancel it: delete the running backup, or the operation.",
  SiteDirectoryRefused: "{directory} cannot be the directory of a site: {reason}",
  SiteDirectoryTaken:
    "{directory}, where the new site {site} would go, holds files that belong to no site. Move them away, or describe a site there in a file.",
  SiteExists:
    "{site} exists and is not empty, and overwrite is false. Set overwrite to true, or restore to another name.",
  SiteFilesMissing:
    "The directory of {site} ({directory}) is not there. Mount or create it, or correct the site's file.",
  SiteFileInvalid: "The site file {file} is not valid: {reason}",
  SiteKnown: "{site} is a site already. Choose another name, or change its site file (docs/sites.md).",
  SiteNotFound: "The Resource 'Microsoft.Web/sites/{name}' under resource group '{group}' was not found.",
  SiteNotReached: "{caller} may not touch {site}: it is limited to other sites.",
  SubscriptionNotFound: "The subscription '{subscription}' could not be found: no site here lies in it.",
  TokenRefused: "The token is not accepted: {reason}",
  TooManyRequests: "Too many failed logins from {source}. Try again in {seconds} seconds.",
  Unavailable: "Lifeboat cannot answer now: {reason}",
} as const;

export type ErrorCode = keyof typeof register;
export const errorRegister: Readonly<Record<ErrorCode, string>> = register;

/** The caller can do something about it: the one exception that reaches people as it is. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: ErrorCode, details: Readonly<Record<string, string | number>>, options?: { cause?: unknown }) {
    super(fill(errorRegister[code], details), options);
    this.name = "Refusal";
    this.code = code;
    this.details = details;
  }
}

const fill = (template: string, details: Readonly<Record<string, string | number>>): string =>
  template.replace(/\{(\w+)\}/g, (_, word: string) => {
    const value = details[word];
    if (value === undefined) throw new Error(`The message "${template}" needs {${word}}.`);
    return String(value);
  });

export const refuse = (
  code: ErrorCode,
  details: Readonly<Record<string, string | number>> = {},
  options?: { cause?: unknown },
): Refusal => new Refusal(code, details, options);

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
