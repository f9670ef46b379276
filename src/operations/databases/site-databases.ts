import {
  databaseLabel,
  DatabaseFailure,
  databaseTypeOf,
  engineOf,
  type DatabaseEngine,
  type DatabaseType,
} from "../../domain/database.ts";
import { guessEngine } from "../../domain/connections/guess-engine.ts";
import { isInAppMysql } from "../../domain/connections/in-app-mysql.ts";
import type { Secret } from "../../domain/secret.ts";
import type { SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { limitedSignal } from "../../ports/clock.ts";
import type { SiteConfiguration } from "../../ports/site-host.ts";
import type { DatabaseCheck } from "../../ports/database-tool.ts";
import { checkForBackup } from "./check-for-backup.ts";
import { connectionOf } from "./database-connection.ts";
import { findSite } from "../find-site.ts";
import type { Installation } from "../installation.ts";

/** A database that a site's connection strings lead to. */
export interface SiteDatabase {
  readonly connectionStringName: string;
  readonly type: DatabaseType;
  /** `shop on db.example.com`; absent where the connection string cannot be used. */
  readonly target?: string;
  /** Absent where nobody was asked. */
  readonly check?: DatabaseCheck;
  /** Why it could not be backed up now. */
  readonly problem?: string;
}

const typeOf: Readonly<Record<DatabaseEngine, DatabaseType>> = {
  PostgreSql: "PostgreSql",
  MySql: "MySql",
  SqlServer: "SqlAzure",
};

/** A server that is not there answers nothing for minutes. */
const longestMs = 20_000;

class NotAnswered extends Error {
  constructor() {
    super(`The server did not answer within ${longestMs / 1_000} seconds.`);
  }
}

/** The databases among a site's connection strings; with `asks`, whether each could be backed up now. Changes nothing. */
export const siteDatabases =
  (deps: Installation) =>
  async (call: Call, id: SiteId, asks: boolean): Promise<readonly SiteDatabase[]> => {
    const site = await findSite(deps, id);
    const configuration = await (await deps.hosts.host(site.id)).settings.read();
    const look = async (database: KnownDatabase): Promise<SiteDatabase> => {
      const told = { connectionStringName: database.name, type: database.type };
      let target: string | undefined;
      try {
        const connection = connectionOf(database, { strings: new Map(), configuration });
        target = databaseLabel(connection);
        if (!asks) return { ...told, target };
        const limited = limitedSignal({ afterMs: longestMs, signal: call.signal, reason: () => new NotAnswered() });
        const tool = deps.databaseTools[engineOf(database.type)];
        const check = await checkForBackup(tool, connection, limited.signal).finally(limited.release);
        return { ...told, target, check };
      } catch (error) {
        const problem = reasonOf(error);
        if (problem === undefined) throw error;
        return { ...told, ...(target === undefined ? {} : { target }), problem };
      }
    };
    return Promise.all(databasesAmong(configuration).map(look));
  };

interface KnownDatabase {
  readonly name: string;
  readonly type: DatabaseType;
}

/** The connection strings that lead to databases. */
export const databasesAmong = ({
  connectionStrings,
}: Pick<SiteConfiguration, "connectionStrings">): readonly KnownDatabase[] =>
  Object.entries(connectionStrings).flatMap(([name, { value, type }]) => {
    const found = isInAppMysql(name, type) ? "LocalMySql" : databaseTypeIn(type, value);
    return found === undefined ? [] : [{ name, type: found }];
  });

/** What the site's owner said, else what the string itself looks like. */
const databaseTypeIn = (said: string, value: Secret): DatabaseType | undefined => {
  const engine = guessEngine(value);
  return databaseTypeOf(said) ?? databaseTypeOf(said.replace(/server$/i, "azure")) ?? (engine && typeOf[engine]);
};

const reasonOf = (error: unknown): string | undefined =>
  error instanceof DatabaseFailure || error instanceof NotAnswered ? error.message : undefined;
