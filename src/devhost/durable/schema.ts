import { HostFailure } from "../host-failure.ts";
import type { Database } from "./database.ts";

const version = 1;

/**
 * Times are milliseconds since 1970. A row of `inbox` is a message its instance has not processed; `due` is 0 for "at
 * once", else the time of a durable timer. A row of `activity` is one that has not recorded its completion; `attempts`
 * counts how often it was begun without an orderly end.
 */
const tables = `
  CREATE TABLE instance (
    id TEXT PRIMARY KEY, execution_id TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
    input TEXT NOT NULL, output TEXT, custom_status TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    parent_id TEXT, parent_execution_id TEXT, parent_task_id INTEGER
  ) STRICT;
  CREATE INDEX instance_by_created ON instance (created);
  CREATE TABLE history (
    instance_id TEXT NOT NULL, episode INTEGER NOT NULL, events TEXT NOT NULL, PRIMARY KEY (instance_id, episode)
  ) STRICT;
  CREATE TABLE inbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, due INTEGER NOT NULL, event TEXT NOT NULL
  ) STRICT;
  CREATE INDEX inbox_by_instance ON inbox (instance_id, due, seq);
  CREATE INDEX inbox_by_due ON inbox (due);
  CREATE TABLE activity (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, execution_id TEXT NOT NULL,
    task_id INTEGER NOT NULL, name TEXT NOT NULL, input TEXT NOT NULL, attempts INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX activity_by_instance ON activity (instance_id);
  CREATE TABLE timer_status (
    name TEXT PRIMARY KEY, last TEXT NOT NULL, next TEXT NOT NULL, last_updated TEXT NOT NULL
  ) STRICT;
`;

const refuseForeign = (database: Database, file: string): void => {
  const made = database.all<{ readonly name: string }>("SELECT name FROM sqlite_schema")();
  const columns = database.all<{ readonly name: string }>("SELECT name FROM pragma_table_info('meta')")();
  if (made.length > 0 && columns.map(({ name }) => name).join() !== "key,value")
    throw new HostFailure(`${file} is a database, but not of orchestrations. Move it away, or put back the right one.`);
};

/** Creates the tables in an empty file; refuses a file that a newer version or something else wrote. */
export const ensureSchema = (database: Database, file: string): void => {
  refuseForeign(database, file);
  database.transactNow(() => {
    database.exec("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT");
    const found = database.first<{ readonly value: string }>("SELECT value FROM meta WHERE key = 'schema'")();
    if (found?.value === String(version)) return;
    if (found)
      throw new HostFailure(
        `${file} was written by another version of this program (layout ${found.value}, this one knows ${version}). Use that version, or another data folder.`,
      );
    database.exec(tables);
    database.run("INSERT INTO meta VALUES ('schema', ?)")(String(version));
  });
};
