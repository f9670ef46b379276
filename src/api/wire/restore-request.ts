import { refuse } from "../../domain/errors.ts";
import type { RestoreWish } from "../../operations/restores/asked-restore.ts";
import { parseDatabases } from "./databases.ts";
import { properties, type JsonObject } from "./lenient-json.ts";

/**
 * ARM's RestoreRequest and the fields of ours. What has no meaning on this installation (appServicePlan,
 * hostingEnvironment, host names) is taken and not used.
 */
export const parseRestoreRequest = (body: JsonObject, backup: number | undefined): RestoreWish => {
  const given = properties(body);
  const databases = parseDatabases(given.list("databases"));
  const databasesOnly = given.flag("databasesOnly") ?? false;
  refuseOtherKinds(given.text("operationType"));
  const storageAccountUrl = given.secret("storageAccountUrl");
  const blobName = given.text("blobName");
  const siteName = given.text("siteName");
  const configuration = given.flag("recoverConfiguration");
  const recoveryKey = given.secret("recoveryKey");
  return {
    ...(storageAccountUrl === undefined ? {} : { storageAccountUrl }),
    ...(blobName === undefined || blobName === "" ? {} : { blobName }),
    ...(backup === undefined ? {} : { backup }),
    // az leaves it out where it means false.
    overwrite: given.flag("overwrite") ?? false,
    ...(siteName === undefined || siteName === "" ? {} : { siteName }),
    paths: given.texts("paths") ?? [],
    ...(configuration === undefined ? {} : { configuration }),
    ...(databases === undefined || given.flag("ignoreDatabases") === true ? {} : { databases }),
    ...(databasesOnly ? { databasesOnly } : {}),
    ...(given.flag("adjustConnectionStrings") === true ? { adjustConnectionStrings: true } : {}),
    quick: given.flag("quick") ?? false,
    allowOutsideLinks: given.flag("allowOutsideLinks") ?? false,
    ...(given.flag("allowUnknownDumps") === true ? { allowUnknownDumps: true } : {}),
    ...(recoveryKey === undefined ? {} : { recoveryKey }),
  };
};

/** A snapshot's restore has a path of its own; what else ARM lists here is its own bookkeeping. */
const refuseOtherKinds = (operationType: string | undefined): void => {
  const kind = (operationType ?? "Default").toLowerCase();
  if (kind !== "default" && kind !== "clone" && kind !== "")
    throw refuse("InvalidField", {
      field: "properties.operationType",
      reason: `"${operationType}" is not a restore of a backup. Leave it out, or send Default.`,
    });
};
