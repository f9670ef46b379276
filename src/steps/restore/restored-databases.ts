import { databaseLabel, engineOf, keptDatabaseName, type DatabaseConnection } from "../../domain/database.ts";
import { openStrings } from "../../operations/databases/database-wishes.ts";
import { connectionOf, type WhereToLook } from "../../operations/databases/database-connection.ts";
import type { Installation } from "../../operations/installation.ts";
import {
  readLoadedDatabase,
  replaceLoadedDatabase,
  type LoadedDatabase,
  type LoadedDatabaseRow,
} from "../../operations/rows/loaded-database-rows.ts";
import { changeSite } from "../../operations/rows/site-row.ts";
import type { SiteId } from "../../domain/site.ts";
import type { DatabaseTool, Exchanged } from "../../ports/database-tool.ts";
import type { SiteConfiguration } from "../../ports/site-host.ts";
import type { RunRef } from "../../workflows/contract.ts";
import { isOwner } from "../owns-site.ts";
import { RunLost } from "../progress.ts";

/** All that it takes to work on a database of a run. */
export interface Reached {
  readonly tool: DatabaseTool;
  readonly connection: DatabaseConnection;
  /** For messages. */
  readonly label: string;
}

const noSettings: SiteConfiguration = { appSettings: {}, connectionStrings: {} };

/** The connection string of the row alone: what the site's own says by now may be another. */
export const whereOf = async (deps: Pick<Installation, "sealer">, row: LoadedDatabaseRow): Promise<WhereToLook> => ({
  strings: await openStrings(deps, row.key, row.database),
  configuration: noSettings,
});

export const reach = async (deps: Installation, row: LoadedDatabaseRow): Promise<Reached> => {
  const { reference } = row.database;
  const connection = connectionOf(reference, await whereOf(deps, row));
  return { tool: deps.databaseTools[engineOf(reference.type)], connection, label: databaseLabel(connection) };
};

export const exchangedNames = ({ chosen, token, replaces }: LoadedDatabase): Exchanged => {
  if (chosen === undefined) throw new Error("Nothing was chosen to be exchanged.");
  return { scratch: chosen, kept: keptDatabaseName(token), replaces };
};

/** Changes the row while the run owns its site; throws RunLost when it does not any more. */
export const changeLoaded = async (
  deps: Pick<Installation, "catalog">,
  ref: RunRef,
  { place, change }: { readonly place: number; readonly change: (database: LoadedDatabase) => LoadedDatabase },
): Promise<LoadedDatabaseRow> => {
  await changeSite(deps.catalog, ref.site, async (row) => {
    if (!isOwner(ref, row)) throw new RunLost(ref.run);
    const found = await needed(deps, ref.site, { run: ref.run, place });
    return { row, also: [replaceLoadedDatabase(change(found.database), found.version)], result: undefined };
  });
  return needed(deps, ref.site, { run: ref.run, place });
};

const needed = async (
  deps: Pick<Installation, "catalog">,
  site: SiteId,
  of: { readonly run: string; readonly place: number },
): Promise<LoadedDatabaseRow> => {
  const found = await readLoadedDatabase(deps.catalog, site, of);
  if (found === undefined) throw new Error(`The catalog has no database ${of.place} of the run ${of.run}.`);
  return found;
};
