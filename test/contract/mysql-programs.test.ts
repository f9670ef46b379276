import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findToolIn } from "../../src/adapters/databases/find-tool.ts";
import { mysqlTool } from "../../src/adapters/databases/mysql/mysql-tool.ts";
import { scratchDatabaseName } from "../../src/domain/database.ts";
import { Secret } from "../../src/domain/secret.ts";
import { hasMariadb, startMariadb, type MariadbServer } from "../support/mariadb-server.ts";
import { describeWith } from "../support/needs.ts";

const scratch = scratchDatabaseName("feedfeedfeedfeed", "a1");
const never = new AbortController().signal;

/**
 * MySQL's program in MariaDB's place: it says it is MySQL's, takes the options that only MySQL's take, refuses those that
 * only MariaDB's take, and does the work by MariaDB's.
 */
const standIn = (name: string, real: string, log: string): string => `#!/bin/sh
for one; do [ "$one" = --version ] && { echo "${name}  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)"; exit; }; done
echo "$@" >>'${log}'
n=$#
while [ $n -gt 0 ]; do
  one=$1; shift; n=$((n - 1))
  case $one in
    --ssl-mode=DISABLED) set -- "$@" --skip-ssl ;;
    --ssl-mode=REQUIRED) set -- "$@" --ssl --skip-ssl-verify-server-cert ;;
    --ssl-mode=*|--loose-*) ;;
    --ssl|--skip-ssl*|--ssl-verify*) echo "${name}: [ERROR] unknown option '$one'" >&2; exit 7 ;;
    *) set -- "$@" "$one" ;;
  esac
done
exec '${real}' "$@"
`;

describeWith("mariadb", hasMariadb, "MySQL's own programs", () => {
  let server: MariadbServer;
  let folder: string;
  beforeAll(async () => {
    server = await startMariadb();
    folder = mkdtempSync(join(tmpdir(), "lifeboat-mysql-"));
    const find = findToolIn([]);
    for (const [name, real] of [["mysql", "mariadb"] as const, ["mysqldump", "mariadb-dump"] as const]) {
      writeFileSync(join(folder, name), standIn(name, find(real) ?? "", join(folder, "log")));
      chmodSync(join(folder, name), 0o755);
    }
    await server.query("", "CREATE DATABASE shop");
    await server.query("shop", "CREATE TABLE goods (id INT PRIMARY KEY); INSERT INTO goods VALUES (1)");
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("are asked in their own words, and never told a secret on the command line", async () => {
    const mine = new Set(["mysql", "mysqldump"]);
    const tool = mysqlTool({
      findTool: (name) => (mine.has(name) ? join(folder, name) : undefined),
      token: () => Promise.resolve(new Secret("none")),
    });
    const connection = server.connection("shop");
    const check = await tool.check(connection, "dump", never);
    expect(check).toMatchObject({ tool: "mysqldump", toolVersion: "8.0.36", content: "present" });
    expect(check.weaker.join()).toMatch(/The server is MariaDB, and mysqldump here is MySQL's/);
    await tool.load(connection, { scratch, dump: tool.dump(connection, { scratch, signal: never }), signal: never });
    expect(await server.query(scratch, "SELECT * FROM goods")).toBe("1");
    await tool.drop(connection, scratch);
    const log = readFileSync(join(folder, "log"), "utf8");
    expect(log).toMatch(/--ssl-mode=REQUIRED[^]*--loose-column-statistics=0[^]*--loose-set-gtid-purged=OFF/);
    expect(log).not.toContain("pass'word");
  });
});
