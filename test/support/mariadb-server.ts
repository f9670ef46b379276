import { execFile, execFileSync, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DatabaseConnection } from "../../src/domain/database.ts";
import { Secret } from "../../src/domain/secret.ts";
import { hasCommand } from "./needs.ts";
import { ended } from "./bound-to-run.ts";
import { freePort, launch, withInput } from "./database-server.ts";
import { serverFiles } from "./temporary-files.ts";

/** Debian keeps the server where an unprivileged user's path does not look. */
const serverProgram = ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd", "/usr/bin/mariadbd"].find(existsSync);

/** Whether a server can be started here, and its client programs are there. */
export const hasMariadb = serverProgram !== undefined && ["mariadb", "mariadb-install-db"].every(hasCommand);

export interface MariadbServer {
  readonly port: number;
  readonly folder: string;
  /** As the administrator, over TCP. */
  connection(database: string): DatabaseConnection;
  /** Runs SQL as the administrator over the local socket; one row a line, columns with a tab between. */
  query(database: string, sql: string): Promise<string>;
  databases(): Promise<readonly string[]>;
  /** As the power cut does it. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface MariadbOptions {
  /** Whoever comes over TCP without TLS is refused. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** More options of the server. */
  readonly settings?: readonly string[];
  /** Where its files go; a folder of its own below. */
  readonly below?: string;
}

export const administrator = "admin";
export const administratorPassword = 'pass\'word \\ "with": #pecial; ß';

const unprivileged = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
};

/** A server of its own in a temporary folder; `stop` removes it. */
export const startMariadb = async (options: MariadbOptions = {}): Promise<MariadbServer> => {
  if (serverProgram === undefined) throw new Error("MariaDB's server is not on this machine.");
  const program = serverProgram;
  const folder = mkdtempSync(join(options.below ?? serverFiles(), "lifeboat-my-"));
  const as = unprivileged();
  if (as !== undefined) chownSync(folder, as.uid, as.gid);
  chmodSync(folder, 0o711);
  const data = join(folder, "data");
  const socket = join(folder, "s.sock");
  const install = ["--no-defaults", `--datadir=${data}`, "--skip-test-db", "--auth-root-authentication-method=normal"];
  await promisify(execFile)("mariadb-install-db", install, { ...as, cwd: folder });
  const port = await freePort();
  const args = [
    "--no-defaults",
    `--datadir=${data}`,
    `--socket=${socket}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    `--pid-file=${join(folder, "pid")}`,
    `--tmpdir=${folder}`,
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=16M",
    "--innodb-flush-log-at-trx-commit=0",
    "--skip-name-resolve",
    "--event-scheduler=ON",
    ...(options.tls === undefined
      ? []
      : [`--ssl-cert=${options.tls.certFile}`, `--ssl-key=${options.tls.keyFile}`, "--require-secure-transport=ON"]),
    ...(options.settings ?? []),
  ];
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = await launch({
      command: program,
      args,
      ...as,
      cwd: folder,
      ready: "ready for connections",
      signal: "SIGKILL",
    });
  };
  const kill = async (): Promise<void> => {
    const one = child;
    child = undefined;
    if (one !== undefined) await ended(one);
  };
  const query = async (database: string, sql: string): Promise<string> => {
    const where = ["--no-defaults", `--socket=${socket}`, "--user=root", "--default-character-set=utf8mb4"];
    const form = ["--batch", "--skip-column-names", ...(database === "" ? [] : [`--database=${database}`])];
    return (await withInput("mariadb", [...where, ...form], sql)).trimEnd();
  };
  await start();
  const password = administratorPassword.replaceAll(/[\\']/g, String.raw`\$&`);
  await query("", `CREATE USER ${administrator}@'%' IDENTIFIED BY '${password}'`);
  await query("", `GRANT ALL PRIVILEGES ON *.* TO ${administrator}@'%' WITH GRANT OPTION`);
  return {
    port,
    folder,
    query,
    connection: (database) => ({
      engine: "MySql",
      host: "127.0.0.1",
      port,
      others: [],
      database,
      user: administrator,
      password: new Secret(administratorPassword),
      signIn: "password",
      tls: {},
      isReadOnly: false,
    }),
    databases: async () => (await query("", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")).split("\n"),
    kill,
    start,
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
