import { spawn } from "node:child_process";
import { join } from "node:path";
import { vi } from "vitest";
import { findToolIn } from "../../src/adapters/databases/find-tool.ts";
import { postgresTool } from "../../src/adapters/databases/postgresql/postgres-tool.ts";
import { describeWith } from "../support/needs.ts";
import { postgresPrograms, startPostgres, superuser, type PostgresServer } from "../support/postgres-server.ts";
import { databaseToolContract, type DatabaseSubject } from "./database-tool-contract.ts";

describeWith("postgresql", postgresPrograms !== undefined, "PostgreSQL", () => {
  databaseToolContract("PostgreSQL", async () => subject(await startPostgres()));
});

const subject = (server: PostgresServer): DatabaseSubject => ({
  tool: postgresTool({
    findTool: findToolIn([postgresPrograms ?? ""]),
    token: () => Promise.reject(new Error("no identity here")),
  }),
  connection: server.connection,
  makeDatabase: async (name) => void (await server.query("", `CREATE DATABASE "${name}"`)),
  query: server.query,
  databases: async () => (await server.query("", "SELECT datname FROM pg_database")).split("\n"),
  stayConnected: (database) => stayConnected(server, database),
  stop: () => server.stop(),
});

const stayConnected: (
  server: PostgresServer,
  database: string,
) => ReturnType<DatabaseSubject["stayConnected"]> = async (server, database) => {
  const args = ["-X", "-h", server.folder, "-p", String(server.port), "-U", superuser, "-d", database];
  const child = spawn(join(postgresPrograms ?? "", "psql"), args, { stdio: ["pipe", "ignore", "ignore"] });
  const sessions = async (): Promise<number> =>
    Number(
      await server.query(
        "",
        `SELECT count(*) FROM pg_stat_activity WHERE datname='${database}' AND pid<>pg_backend_pid()`,
      ),
    );
  await vi.waitUntil(async () => (await sessions()) > 0, { timeout: 30_000 });
  return {
    async close() {
      child.kill("SIGKILL");
    },
  };
};
