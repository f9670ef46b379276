import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { findToolIn } from "../../src/adapters/databases/find-tool.ts";
import { mysqlTool } from "../../src/adapters/databases/mysql/mysql-tool.ts";
import { Secret } from "../../src/domain/secret.ts";
import { hasMariadb, startMariadb, type MariadbServer } from "../support/mariadb-server.ts";
import { describeWith } from "../support/needs.ts";
import { databaseToolContract, type DatabaseSubject } from "./database-tool-contract.ts";

const subject = async (): Promise<DatabaseSubject> => {
  const server = await startMariadb();
  return {
    tool: mysqlTool({ findTool: findToolIn([]), token: () => Promise.resolve(new Secret("none")) }),
    connection: server.connection,
    makeDatabase: async (name) => {
      await server.query("", `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    },
    query: server.query,
    databases: server.databases,
    stayConnected: (database) => stayConnected(server, database),
    stop: server.stop,
  };
};

/** A client that has a transaction open. */
const stayConnected = async (server: MariadbServer, database: string) => {
  const where = ["--no-defaults", `--socket=${join(server.folder, "s.sock")}`, "--user=root", `--database=${database}`];
  const client = spawn("mariadb", [...where, "--batch", "--skip-column-names", "--unbuffered"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const closed = once(client, "exit");
  client.stdin.on("error", () => undefined);
  client.stdin.write("START TRANSACTION; SELECT * FROM goods; SELECT CONNECTION_ID();\n");
  let printed = "";
  const id = await new Promise<string>((resolve) => {
    client.stdout.on("data", (chunk: Buffer) => {
      printed += chunk.toString("utf8");
      const last = /\n(\d+)\n$/.exec(printed)?.[1];
      if (last !== undefined) resolve(last);
    });
  });
  return {
    isOpen: async () =>
      (await server.query("", `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = ${id}`)) === "1",
    async close() {
      client.kill();
      await closed;
    },
  };
};

describeWith("mariadb", hasMariadb, "MariaDB", () => databaseToolContract("MariaDB", subject));
