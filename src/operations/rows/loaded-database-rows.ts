import * as z from "zod";
import type { SiteId } from "../../domain/site.ts";
import type { Catalog, RowChange } from "../../ports/catalog.ts";
import { databaseReference } from "./database-reference.ts";
import { loadedDatabaseKey, loadedDatabasePrefix, sitePartition } from "./keys.ts";

/** A database that a restore run loads beside the live one, exchanges, and keeps: written before anything is made. */
const loadedDatabase = z.object({
  run: z.string(),
  /** Its place among the run's databases. */
  place: z.number(),
  reference: databaseReference,
  /** How it is reached, sealed for the row's key. */
  databaseSecrets: z.string(),
  /** In the names of what is made for it. */
  token: z.string(),
  /** Whether there was a live database when the run began. */
  replaces: z.boolean(),
  /** One for each attempt to load it. */
  scratches: z.array(z.string()).readonly(),
  /** The one that is or was exchanged. */
  chosen: z.string().exactOptional(),
  state: z.enum(["loading", "switching", "switched", "puttingBack", "back"]),
  /** When its run had ended and everything was dropped: an attempt that comes late may still have made something. */
  dropped: z.string().exactOptional(),
});
export type LoadedDatabase = z.infer<typeof loadedDatabase>;

export interface LoadedDatabaseRow {
  readonly database: LoadedDatabase;
  readonly key: string;
  readonly version: string;
}

export const readLoadedDatabases = async (
  catalog: Catalog,
  site: SiteId,
  run?: string,
): Promise<readonly LoadedDatabaseRow[]> => {
  const prefix = run === undefined ? loadedDatabasePrefix : `${loadedDatabasePrefix}${run}!`;
  const rows = await catalog.list(sitePartition(site), { prefix });
  return rows.map(({ key, value, version }) => ({ key, version, database: loadedDatabase.parse(value) }));
};

export const readLoadedDatabase = async (
  catalog: Catalog,
  site: SiteId,
  of: { readonly run: string; readonly place: number },
): Promise<LoadedDatabaseRow | undefined> => {
  const key = loadedDatabaseKey(of.run, of.place);
  const row = await catalog.get(sitePartition(site), key);
  return row && { key, version: row.version, database: loadedDatabase.parse(row.value) };
};

export const insertLoadedDatabase = (added: LoadedDatabase): RowChange => ({
  kind: "insert",
  key: loadedDatabaseKey(added.run, added.place),
  value: { ...added },
});

export const replaceLoadedDatabase = (changed: LoadedDatabase, version: string): RowChange => ({
  kind: "replace",
  key: loadedDatabaseKey(changed.run, changed.place),
  value: { ...changed },
  version,
});
