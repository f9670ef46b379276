import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { FindTool } from "../../src/adapters/databases/find-tool.ts";
import type { SqlClient } from "../../src/adapters/databases/sql-server/sql-client.ts";
import type { DatabaseConnection } from "../../src/domain/database.ts";
import { Secret } from "../../src/domain/secret.ts";

interface State {
  readonly server: string;
  readonly user: string;
  readonly password: string;
  readonly token: string;
  version: string;
  hang?: boolean;
  exportFails?: string;
  readonly databases: Record<string, { content: string; snapshotOf?: string; single?: boolean; mark?: string }>;
}

/** What a call of the stand-in got. */
interface PackageCall {
  readonly given: readonly string[];
  readonly values: readonly (readonly [string, string])[];
  readonly properties: readonly (readonly [string, string])[];
}

/**
 * The T-SQL that the adapter sends, understood word by word, over "databases" that hold one text each; and the stand-in
 * for sqlpackage beside it. It shows what the adapter asks for and in which order, and nothing of a real server.
 */
export const fakeSqlServer = (edition: 3 | 5 | 8 = 3) => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-sql-"));
  const stateFile = join(folder, "state.json");
  const program = join(folder, "sqlpackage");
  const standIn = resolve("test/support/sqlpackage-stand-in.mjs");
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${standIn}' '${stateFile}' "$@"\n`);
  chmodSync(program, 0o755);
  const read = (): State => JSON.parse(readFileSync(stateFile, "utf8")) as State;
  const change = (edit: (state: State) => void): void => {
    const state = read();
    edit(state);
    writeFileSync(stateFile, JSON.stringify(state));
  };
  const password = String.raw`pass "word' back\slash; #more` + "\\";
  const first: State = {
    server: "tcp:db.test,14330",
    user: "me",
    password,
    token: "planted-token",
    version: "162.5.57.1",
    databases: {},
  };
  writeFileSync(stateFile, JSON.stringify(first));
  const asked: string[] = [];
  let copying = 0;
  let refused: RegExp | undefined;
  let isSilent = false;

  const sql: SqlClient = async (connection, { database, sql: text, signal }) => {
    signal.throwIfAborted();
    if (isSilent)
      return new Promise((_, reject) =>
        // Safe: the reason of a signal that a test or the adapter aborts is an error.
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
      );
    if (text === "SELECT 1") return [{ "": 1 }];
    asked.push(`${database}: ${text}`);
    if (connection.signIn !== "token" && connection.password?.reveal() !== password)
      throw Object.assign(new Error("Login failed for user 'me'."), { code: "ELOGIN", number: 18_456 });
    const state = read();
    if (database !== "master" && state.databases[database] === undefined)
      throw Object.assign(new Error(`Cannot open database "${database}".`), { code: "ELOGIN", number: 4060 });
    if (refused?.test(text) === true)
      throw Object.assign(new Error("CREATE DATABASE permission denied in database 'master'."), {
        code: "EREQUEST",
        number: 262,
      });
    return answer({ state, text, database });
  };

  const answer = ({ state, text, database }: { state: State; text: string; database: string }) => {
    const name = /WHERE name = N'([^']*)'/.exec(text)?.[1] ?? "";
    if (text.includes("'EngineEdition'")) return [{ edition }];
    if (text.includes("'ProductVersion'")) return [{ version: "16.0.4135.4" }];
    if (text.includes("'ServiceObjective'"))
      return [edition === 5 ? { edition: "Standard", objective: "S3" } : { edition: null, objective: null }];
    if (text.includes("sys.objects"))
      return [{ objects: state.databases[database]?.content === "" ? 0 : 3, bytes: 8192 }];
    if (text.includes("sys.database_files"))
      return [
        { name: "shop", path: "/var/opt/mssql/data/shop.mdf" },
        { name: "sho]p2", path: "/d/it's.ndf" },
      ];
    if (text.startsWith("SELECT name FROM sys.databases"))
      return Object.keys(state.databases).map((one) => ({ name: one }));
    if (text.startsWith("SELECT COUNT(*)")) return [{ found: state.databases[name] === undefined ? 0 : 1 }];
    if (text.startsWith("SELECT state_desc")) return [{ state: copying-- > 0 ? "COPYING" : "ONLINE" }];
    if (text.startsWith("SELECT CAST(value AS nvarchar(128))")) {
      const mark = state.databases[database]?.mark;
      return mark === undefined ? [] : [{ mark }];
    }
    if (text.includes("sp_addextendedproperty")) return setMark(text, database);
    return execute(text, database);
  };

  const setMark = (text: string, database: string) => {
    const value = /sp_addextendedproperty @name = N'lifeboat_exchange', @value = N'(\w+)'$/.exec(text)?.[1];
    if (value === undefined) throw new Error(`No T-SQL that the fake server knows: ${text}`);
    change((state) => {
      const marked = state.databases[database];
      if (marked !== undefined) marked.mark = value;
    });
    return [];
  };

  const execute = (text: string, database: string) => {
    if (database !== "master") throw new Error(`Sent to ${database} instead of master: ${text}`);
    const copy = /^CREATE DATABASE \[(\w+)\] (?:AS COPY OF \[(\w+)\]|ON .* AS SNAPSHOT OF \[(\w+)\])$/.exec(text);
    const renamed = /ALTER DATABASE \[(\w+)\] MODIFY NAME = \[(\w+)\]$/.exec(text);
    const dropped = /DROP DATABASE \[(\w+)\]$/.exec(text)?.[1];
    change((state) => {
      const [, target = "", copied, snapped] = copy ?? [];
      const source = state.databases[copied ?? snapped ?? ""];
      if (copy !== null && source !== undefined)
        state.databases[target] = { content: source.content, ...(snapped !== undefined && { snapshotOf: snapped }) };
      const [, from = "", to = ""] = renamed ?? [];
      const moved = state.databases[from];
      if (renamed !== null && (moved === undefined || state.databases[to] !== undefined))
        throw Object.assign(new Error("The database cannot be renamed."), { number: 5_030, code: "EREQUEST" });
      if (moved !== undefined) {
        state.databases[to] = moved;
        delete state.databases[from];
      }
      if (dropped !== undefined) delete state.databases[dropped];
    });
    if (copy === null && renamed === null && dropped === undefined && !text.includes("MULTI_USER"))
      throw new Error(`No T-SQL that the fake server knows: ${text}`);
    return [];
  };

  return {
    folder,
    sql,
    findTool: ((name) => (name === "sqlpackage" ? program : undefined)) satisfies FindTool,
    change,
    databases: (): Readonly<Record<string, string>> =>
      Object.fromEntries(Object.entries(read().databases).map(([name, { content }]) => [name, content])),
    asked: (): readonly string[] => asked,
    calls: (): readonly PackageCall[] =>
      existsSync(`${stateFile}.calls`)
        ? readFileSync(`${stateFile}.calls`, "utf8")
            .trimEnd()
            .split("\n")
            .map((line) => JSON.parse(line) as PackageCall)
        : [],
    /** From now on it takes connections, and answers nothing. */
    fallSilent: () => void (isSilent = true),
    refuse: (pattern: RegExp | undefined) => void (refused = pattern),
    connection: (database: string): DatabaseConnection => ({
      engine: "SqlServer",
      host: "db.test",
      port: 14_330,
      others: [],
      database,
      user: "me",
      password: new Secret(password),
      signIn: "password",
      tls: { mode: "verify-full" },
      isReadOnly: false,
    }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
