import type { DatabaseConnection } from "../../../domain/database.ts";

export interface SqlQuery {
  /** `master` for what is done to whole databases. */
  readonly database: string;
  readonly sql: string;
  readonly signal: AbortSignal;
}

/** T-SQL over one connection each time. Throws what `sqlServerFailure` understands: errors with `number` or `code`. */
export type SqlClient = (
  connection: DatabaseConnection,
  query: SqlQuery,
) => Promise<readonly Readonly<Record<string, unknown>>[]>;

/** An identifier, whatever it holds. */
export const identifier = (name: string): string => `[${name.replaceAll("]", "]]")}]`;

export const literal = (text: string): string => `N'${text.replaceAll("'", "''")}'`;

/** A column that holds text; anything else is none. */
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
