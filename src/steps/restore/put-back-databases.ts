import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { closedRuns } from "../../operations/rows/operation-rows.ts";
import { readSiteRow } from "../../operations/rows/site-row.ts";
import {
  readLoadedDatabase,
  readLoadedDatabases,
  replaceLoadedDatabase,
  type LoadedDatabase,
  type LoadedDatabaseRow,
} from "../../operations/rows/loaded-database-rows.ts";
import { sitePartition } from "../../operations/rows/keys.ts";
import { DatabaseFailure, keptDatabaseName } from "../../domain/database.ts";
import { messageOf } from "../../domain/errors.ts";
import type { Log } from "../../ports/log.ts";
import { exchangedNames, reach } from "./restored-databases.ts";

/** Whether a database was exchanged, or may have been: then there is something to put back. */
export const isExchanged = ({ state }: LoadedDatabase): boolean =>
  state === "switching" || state === "switched" || state === "puttingBack";

/** Whether any database of the run was. */
export const hasExchangedDatabases = async (
  { catalog }: Pick<Installation, "catalog">,
  site: SiteId,
  run: string,
): Promise<boolean> => (await readLoadedDatabases(catalog, site, run)).some(({ database }) => isExchanged(database));

/**
 * What a run's exchanges replaced is live again. Throws when one cannot be brought back, after all the rest is. A server that
 * does not answer is asked for one of its databases only: a site may be stopped meanwhile.
 */
export const putBackDatabases = async (
  deps: Installation,
  site: SiteId,
  run: string,
): Promise<{ readonly lines: readonly string[] }> => {
  const lines: string[] = [];
  const problems: unknown[] = [];
  const away = new Set<string>();
  for (const row of await readLoadedDatabases(deps.catalog, site, run)) {
    if (!isExchanged(row.database)) continue;
    let server = "";
    try {
      await write(deps, site, row, (database) => ({ ...database, state: "puttingBack" }));
      const { tool, connection } = await reach(deps, row);
      server = `${connection.host}:${connection.port ?? ""}`;
      if (away.has(server)) continue;
      const { notes } = await tool.switchBack(connection, exchangedNames(row.database));
      await write(deps, site, row, (database) => ({ ...database, state: "back" }));
      lines.push(`The database ${row.database.reference.name} was put back.`, ...notes);
    } catch (error) {
      problems.push(error);
      if (error instanceof DatabaseFailure && error.kind === "Unreachable") away.add(server);
    }
  }
  if (problems.length > 0) throw problems[0];
  return { lines };
};

const write = async (
  { catalog }: Pick<Installation, "catalog">,
  site: SiteId,
  { database: { run, place } }: LoadedDatabaseRow,
  change: (database: LoadedDatabase) => LoadedDatabase,
): Promise<void> => {
  for (let attempt = 0; attempt < 20; attempt++) {
    const found = await readLoadedDatabase(catalog, site, { run, place });
    if (found === undefined) return;
    if (await catalog.write(sitePartition(site), [replaceLoadedDatabase(change(found.database), found.version)]))
      return;
  }
  throw new Error(`A database of the run ${run} is being changed by too many writers.`);
};

/** An attempt that began before its run ended may make a database after it was looked for. */
const lateMs = 3_600_000;

/**
 * Drops what runs that nobody needs any more have made and kept. What an exchange is in the middle of is not touched, nor
 * what one has replaced whose run never came to its end: that is live again with the site's next run. A server that does
 * not answer is asked again the next time: nothing is forgotten before it is gone.
 */
export const forgetDatabases = async (
  deps: Installation,
  site: SiteId,
  { log }: { readonly log: Log },
): Promise<void> => {
  const rows = await readLoadedDatabases(deps.catalog, site);
  if (rows.length === 0) return;
  // After the list: the run of a row that came meanwhile owns the site, or has closed.
  const { undo, run: owner } = await readSiteRow(deps.catalog, site);
  const isClosed = await closedRuns(deps.catalog, site);
  for (const row of rows) {
    const { run, state } = row.database;
    if (run === undo?.run || run === owner?.id) continue;
    if (state === "switching" || state === "puttingBack" || (state === "switched" && isClosed(run) !== true)) continue;
    try {
      await forget(deps, site, row);
    } catch (error) {
      const fields = { site: siteLabel(site), run, database: row.database.reference.name, error: messageOf(error) };
      log.warn("databases that a restore left behind stay for now", fields);
    }
  }
};

const forget = async (deps: Installation, site: SiteId, row: LoadedDatabaseRow): Promise<void> => {
  const { scratches, chosen, token, state, dropped } = row.database;
  const now = deps.clock.now();
  if (dropped !== undefined && now.getTime() - Date.parse(dropped) < lateMs) return;
  const { tool, connection } = await reach(deps, row);
  const kept = state === "switched" ? [keptDatabaseName(token)] : [];
  for (const name of [...scratches, ...kept]) await tool.drop(connection, name);
  if (dropped === undefined && (scratches.length > 1 || chosen === undefined)) {
    await write(deps, site, row, (database) => ({ ...database, dropped: now.toISOString() }));
    return;
  }
  await deps.catalog.write(sitePartition(site), [{ kind: "remove", key: row.key, version: row.version }]);
};
