import { join } from "node:path";
import { openSqliteCatalog } from "../adapters/catalog/sqlite.ts";
import { openTableCatalog } from "../adapters/catalog/table.ts";
import { ownIdentity } from "../adapters/destination/own-identity.ts";
import { configuredRecovery } from "../adapters/secrets/configured-recovery.ts";
import { openRecoveryFolder } from "../adapters/secrets/recovery-folder.ts";
import type { Config } from "../config.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Recovery } from "../ports/secrets.ts";

export const openCatalog = async ({ catalog, dataFolder }: Config): Promise<Catalog> => {
  if (catalog.kind === "sqlite") return openSqliteCatalog(join(dataFolder, "lifeboat.db"));
  const text = catalog.connection.reveal();
  const isEndpoint = text.startsWith("https://");
  return openTableCatalog({
    connection: isEndpoint ? { endpoint: text, credential: await ownIdentity() } : catalog.connection,
    table: "lifeboat",
  });
};

/** A folder that other instances do not see is no place for the key that opens everybody's backups. */
export const recoveryOf = async ({ recoveryKey, catalog, dataFolder }: Config): Promise<Recovery> =>
  recoveryKey === undefined && catalog.kind === "sqlite"
    ? openRecoveryFolder(dataFolder)
    : configuredRecovery(recoveryKey);
