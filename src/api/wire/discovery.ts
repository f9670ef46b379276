import { fullContainerUrl } from "../../domain/container-url.ts";
import { nameProblem } from "../../domain/backup.ts";
import { refuse } from "../../domain/errors.ts";
import { dumpedBytes } from "../../domain/manifest.ts";
import { siteLabel, siteResourceId, siteType, type SiteId } from "../../domain/site.ts";
import type { Discovery, DiscoverWish } from "../../operations/containers/discover.ts";
import type { FoundBackup } from "../../operations/containers/found-backup.ts";
import { databaseReply } from "./databases.ts";
import { properties, type JsonObject } from "./lenient-json.ts";

const mostDescribed = 1_000;

export const parseDiscoverRequest = (body: JsonObject): DiscoverWish => {
  const given = properties(body);
  const storageAccountUrl = given.secret("storageAccountUrl");
  const blobName = given.text("blobName");
  const problem = blobName === undefined || blobName === "" ? undefined : nameProblem(blobName.replace(/\.zip$/i, ""));
  if (problem !== undefined) throw refuse("InvalidField", { field: "properties.blobName", reason: `${problem}.` });
  const limit = given.integer("limit");
  if (limit !== undefined && (limit < 1 || limit > mostDescribed))
    throw refuse("InvalidField", { field: "properties.limit", reason: `${limit} is not from 1 to ${mostDescribed}.` });
  return {
    ...(storageAccountUrl === undefined ? {} : { storageAccountUrl }),
    ...(blobName === undefined || blobName === "" ? {} : { blobName }),
    ...(limit === undefined ? {} : { limit }),
  };
};

/**
 * ARM's RestoreRequest of one archive, ready to be sent back as a restore; of a whole container (own extension) the same
 * with the list of what lies there.
 */
export const discoverReply = (
  site: SiteId,
  {
    wish,
    discovery,
    showsSecrets,
  }: { readonly wish: DiscoverWish; readonly discovery: Discovery; readonly showsSecrets: boolean },
) => {
  const [only] = wish.blobName === undefined ? [] : discovery.found;
  return {
    id: null,
    name: siteLabel(site),
    type: siteType(site),
    location: "Local",
    properties: {
      storageAccountUrl: showsSecrets ? fullContainerUrl(discovery.access).reveal() : "",
      blobName: only?.blobName ?? wish.blobName ?? null,
      overwrite: false,
      siteName: site.slot === undefined ? site.name : `${site.name}(${site.slot})`,
      databases: only?.databases.map(databaseReply) ?? null,
      ignoreConflictingHostNames: false,
      ignoreDatabases: false,
      operationType: "Default",
      ...(only === undefined
        ? { backups: discovery.found.map(foundBackup), total: discovery.total }
        : { backup: foundBackup(only) }),
    },
  };
};

const foundBackup = (found: FoundBackup) => ({
  blobName: found.blobName,
  kind: found.kind,
  isRestorable: found.problem === undefined,
  problem: found.problem ?? null,
  sizeInBytes: found.sizeBytes,
  modified: found.modified.toISOString(),
  databases: found.databases.map(databaseReply),
  /** Whose backup it was when it was made, and whose it is here. */
  siteId: found.manifest === undefined ? null : siteResourceId(found.manifest.site),
  ownedBy: found.owner === undefined ? null : siteResourceId(found.owner),
  ...described(found.manifest),
});

const described = (manifest: FoundBackup["manifest"]) =>
  manifest === undefined
    ? {}
    : {
        backupName: manifest.backup.name,
        started: manifest.backup.started,
        finished: manifest.backup.finished,
        files: manifest.contents.files,
        websiteSizeInBytes: manifest.contents.contentBytes,
        ...(manifest.databases.length === 0 ? {} : { databaseSizeInBytes: dumpedBytes(manifest.databases) }),
        leftOutCount: manifest.leftOut.count,
        isPartial: manifest.filter.length > 0,
        recoveryKey: manifest.configuration?.recoveryKey ?? null,
      };
