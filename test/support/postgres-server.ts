import { execFile, execFileSync, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DatabaseConnection } from "../../src/domain/database.ts";
import { Secret } from "../../src/domain/secret.ts";
import { ended } from "./bound-to-run.ts";
import { freePort, launch, withInput } from "./database-server.ts";
import { serverFiles } from "./temporary-files.ts";

/** Debian keeps the server's programs beside the path, one folder a version. */
const folders = (): readonly string[] => {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).toSorted((one, other) => Number(other) - Number(one)) : [];
  return versions.map((version) => join(root, version, "bin")).filter((bin) => existsSync(join(bin, "initdb")));
};

/** Where initdb, postgres and the clients are; undefined: not on this machine. */
export const postgresPrograms: string | undefined = folders()[0];

export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  /** As its superuser, by the password. */
  connection(database: string): DatabaseConnection;
  /** `postgres://...` for the same. */
  url(database: string): string;
  /** Runs SQL as the superuser over the local socket, without headings; one row a line, columns with `|` between. */
  query(database: string, sql: string): Promise<string>;
  /** As the power cut does it. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface PostgresOptions {
  /** Whoever comes without TLS is refused. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** More lines for postgresql.conf. */
  readonly settings?: readonly string[];
  /** Where its data goes, a folder of its own below; its log of changes stays elsewhere. */
  readonly below?: string;
}

export const superuser = "postgres";
export const superuserPassword = "pass'word \\ with: $pecial";

/** The server does not run as root: the package's user, or the one that may nothing. */
const account = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const name = accountExists("postgres") ? "postgres" : "nobody";
  const id = (flag: string): number => Number(execFileSync("id", [flag, name], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
};

const accountExists = (name: string): boolean => {
  try {
    execFileSync("id", ["-u", name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

const hba = (tls: boolean): string =>
  ["local all all trust", `${tls ? "hostssl" : "host"} all all 127.0.0.1/32 scram-sha-256`, ""].join("\n");

/** A server of its own in a temporary folder, with scram passwords over TCP; `stop` removes it. */
export const startPostgres = async (options: PostgresOptions = {}): Promise<PostgresServer> => {
  const programs = postgresPrograms;
  if (programs === undefined) throw new Error("PostgreSQL's programs are not on this machine.");
  const folder = mkdtempSync(join(serverFiles(), "lifeboat-pg-"));
  const below = mkdtempSync(join(options.below ?? folder, "data-"));
  const data = join(below, "data");
  const as = account();
  if (as !== undefined) for (const made of [folder, below]) chownSync(made, as.uid, as.gid);
  const owned = (name: string, text: string, mode = 0o600): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode });
    if (as !== undefined) chownSync(file, as.uid, as.gid);
    return file;
  };
  const passwordFile = owned("password", superuserPassword);
  const args = [
    "-D",
    data,
    "-U",
    superuser,
    "--auth=scram-sha-256",
    `--pwfile=${passwordFile}`,
    "-E",
    "UTF8",
    "-X",
    join(folder, "wal"),
  ];
  await promisify(execFile)(join(programs, "initdb"), [...args, "--locale=C.UTF-8", "--no-sync"], {
    ...as,
    cwd: folder,
  });
  const hbaFile = owned("pg_hba.conf", hba(options.tls !== undefined));
  const port = await freePort();
  const settings = [
    "listen_addresses=127.0.0.1",
    `port=${port}`,
    `unix_socket_directories=${folder}`,
    `hba_file=${hbaFile}`,
    "fsync=off",
    "max_connections=50",
    "shared_buffers=32MB",
    ...(options.tls === undefined
      ? []
      : [
          "ssl=on",
          `ssl_cert_file=${owned("server.crt", options.tls.certificate)}`,
          `ssl_key_file=${owned("server.key", options.tls.key)}`,
        ]),
    ...(options.settings ?? []),
  ];
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = await launch({
      command: join(programs, "postgres"),
      args: ["-D", data, ...settings.flatMap((one) => ["-c", one])],
      ...as,
      cwd: folder,
      ready: "database system is ready to accept connections",
      signal: "SIGQUIT",
    });
  };
  const kill = async (signal: "SIGKILL" | "SIGQUIT" = "SIGQUIT"): Promise<void> => {
    const one = child;
    child = undefined;
    if (one !== undefined) await ended(one, signal);
  };
  await start();
  const query = async (database: string, sql: string): Promise<string> => {
    const flags = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"];
    const where = ["-h", folder, "-p", String(port), "-U", superuser, "-d", database === "" ? "postgres" : database];
    return (await withInput(join(programs, "psql"), [...flags, ...where], sql)).trimEnd();
  };
  return {
    host: "127.0.0.1",
    port,
    folder,
    query,
    connection: (database) => ({
      engine: "PostgreSql",
      host: "127.0.0.1",
      port,
      others: [],
      database,
      user: superuser,
      password: new Secret(superuserPassword),
      signIn: "password",
      tls: {},
      isReadOnly: false,
    }),
    url: (database) =>
      `postgres://${superuser}:${encodeURIComponent(superuserPassword)}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    kill: () => kill(),
    start,
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
