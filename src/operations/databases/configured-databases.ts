import { keepDatabases, keyOf, openStrings, type DatabaseWish } from "./database-wishes.ts";
import type { Secret } from "../../domain/secret.ts";
import type { Installation } from "../installation.ts";
import { configurationKey } from "../rows/keys.ts";
import type { BackupConfiguration } from "../rows/schedule-rows.ts";

/** The databases of a configuration, with the connection strings that are stored with them. */
export const configuredDatabases = async (
  deps: Pick<Installation, "sealer">,
  configuration: BackupConfiguration,
): Promise<readonly DatabaseWish[] | undefined> => {
  const strings = await openStrings(deps, configurationKey(configuration.site), configuration);
  return configuration.databases?.map((database) => {
    const connectionString = strings.get(keyOf(database));
    return { ...database, ...(connectionString === undefined ? {} : { connectionString }) };
  });
};

/**
 * The configuration with other databases. One whose string is blank keeps the stored one: callers below admin never see
 * it, and send back what they saw.
 */
export const withDatabases = async (
  deps: Pick<Installation, "sealer">,
  configuration: BackupConfiguration,
  wishes: readonly DatabaseWish[],
): Promise<BackupConfiguration> => {
  const key = configurationKey(configuration.site);
  // Where nothing stays, what is stored need not open: its key may be lost, and this is how it is made good.
  const mayStay = wishes.some((wish) => wish.connectionString === undefined && wish.connectionStringName === undefined);
  const before = mayStay ? await openStrings(deps, key, configuration) : new Map<string, Secret>();
  const { databases: _, databaseSecrets: __, ...rest } = configuration;
  return { ...rest, ...(await keepDatabases(deps, key, { wishes, before })) };
};
