// npm run bench:databases [-- --engine mariadb --runs N --megabytes N]: a dump into an archive against the bare tool piped to gzip -6, in turns
// on the same server, and the memory it takes for a small and a large database.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { directoryDestination } from "../src/adapters/destination/directory.ts";
import { findToolIn } from "../src/adapters/databases/find-tool.ts";
import { mysqlTool } from "../src/adapters/databases/mysql/mysql-tool.ts";
import { postgresTool } from "../src/adapters/databases/postgresql/postgres-tool.ts";
import { PackPool } from "../src/archive/threads/pack-pool.ts";
import { packStream } from "../src/archive/pack/pack-stream.ts";
import { blockBytesFor } from "../src/archive/listing/plan.ts";
import { sealArchive } from "../src/archive/shards/seal.ts";
import { pathFromText } from "../src/domain/byte-path.ts";
import type { DatabaseConnection } from "../src/domain/database.ts";
import { Secret } from "../src/domain/secret.ts";
import type { DatabaseTool } from "../src/ports/database-tool.ts";
import { administrator, administratorPassword, startMariadb } from "../test/support/mariadb-server.ts";
import { postgresPrograms, startPostgres, superuser, superuserPassword } from "../test/support/postgres-server.ts";

const programs = postgresPrograms ?? "";
const token = () => Promise.reject(new Error("There is no identity here."));

/** A server to dump from, and the tool that is measured against the bare one. */
interface Contest {
  readonly tool: DatabaseTool;
  readonly start: () => Promise<Server>;
  /** Makes about so many kilobytes of orders. */
  readonly orders: (kilobytes: number) => string;
  readonly sizeSql: string;
  readonly bareName: string;
  readonly bare: (server: Server, database: string) => string;
  readonly password: string;
}

interface Server {
  readonly port: number;
  query(database: string, sql: string): Promise<string>;
  stop(): Promise<void>;
}

interface Ours {
  readonly seconds: number;
  readonly storedBytes: number;
  readonly peakMegabytes: number;
}

/** Part `ours`: one dump as a step makes it, in a process of its own, told as JSON. */
const dumpOnce = async ({ tool }: Contest, connection: DatabaseConnection, folder: string): Promise<void> => {
  const runner = new PackPool({
    threads: availableParallelism(),
    script: new URL("../archive-worker.js", import.meta.url),
  });
  const destination = directoryDestination(folder);
  const signal = new AbortController().signal;
  const upload = { name: "dump.zip", run: "bench" };
  // A service's threads run already when a dump begins.
  await runner.run("place", { placings: [] });
  const began = performance.now();
  const blockBytes = blockBytesFor(1);
  const stream = tool.dump(connection, { scratch: "lifeboat_s_bench", signal });
  const name = pathFromText("shop.dump");
  const work = { upload, number: 0, blockBytes, name, stream, mtimeNs: 0n, signal };
  const shard = await packStream({ destination, runner }, work);
  const sealed = await sealArchive({ shards: [shard], destination, upload, planned: 1, blockBytes });
  await destination.commit(upload, sealed.blocks, {});
  const seconds = (performance.now() - began) / 1_000;
  await runner.close();
  const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1_024);
  const ours: Ours = { seconds, storedBytes: sealed.sizeBytes, peakMegabytes };
  console.log(JSON.stringify(ours));
};

/** Rows of half a kilobyte as shops have them: numbers, times, names, addresses, some prose, a token. */
const postgresOrders = (kilobytes: number): string => `
  CREATE TABLE words AS SELECT n, substr(md5(n::text), 1, 3 + n % 8) word FROM generate_series(0, 4999) n;
  CREATE INDEX ON words (n);
  CREATE TABLE orders AS SELECT n AS id, now() - n * interval '37 s' AS placed, (n * 7919 % 100000) / 100.0 AS total,
    'customer' || (n * 31 % 50000) || '@example.org' AS mail, md5(n::text) AS token, n % 5 AS state,
    (SELECT string_agg(w.word, ' ') FROM generate_series(1, 60) k JOIN words w ON w.n = abs(hashint8(g.n * 61 + k)) % 5000) AS note
    FROM generate_series(1, ${kilobytes * 2}::bigint) g(n);
  CREATE INDEX ON orders (id);`;

const mariadbOrders = (kilobytes: number): string => `
  CREATE TABLE orders (id INT PRIMARY KEY, placed DATETIME, total DECIMAL(10, 2), mail VARCHAR(80), token CHAR(32), state INT, note TEXT)
    AS SELECT seq AS id, NOW() - INTERVAL seq * 37 SECOND AS placed, (seq * 7919 % 100000) / 100.0 AS total,
    CONCAT('customer', seq * 31 % 50000, '@example.org') AS mail, MD5(seq) AS token, seq % 5 AS state,
    (SELECT GROUP_CONCAT(SUBSTR(MD5(CRC32(s.seq * 61 + k.seq) % 5000), 1, 3 + CRC32(s.seq * 61 + k.seq) % 8) SEPARATOR ' ') FROM seq_1_to_60 k) AS note
    FROM seq_1_to_${kilobytes * 2} s;`;

const contests: Readonly<Record<string, Contest>> = {
  postgresql: {
    tool: postgresTool({ findTool: findToolIn([programs]), token }),
    start: () => startPostgres({ settings: ["max_wal_size=4GB", "checkpoint_timeout=1h"] }),
    orders: postgresOrders,
    sizeSql: "SELECT pg_database_size('large')",
    bareName: "pg_dump",
    bare: ({ port }, database) => `"${programs}/pg_dump" -h 127.0.0.1 -p ${port} -U ${superuser} ${database}`,
    password: superuserPassword,
  },
  mariadb: {
    tool: mysqlTool({ findTool: findToolIn([]), token }),
    start: () => startMariadb({ settings: ["--innodb-buffer-pool-size=128M"] }),
    orders: mariadbOrders,
    sizeSql: "SELECT SUM(DATA_LENGTH) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'large'",
    bareName: "mariadb-dump",
    bare: ({ port }, database) =>
      `mariadb-dump --no-defaults -h 127.0.0.1 -P ${port} -u ${administrator} --single-transaction --hex-blob ${database}`,
    password: administratorPassword,
  },
};

const contestOf = (name: string): Contest => {
  const found = contests[name];
  if (found === undefined) throw new Error(`--engine takes ${Object.keys(contests).join(" or ")}.`);
  return found;
};

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;

const compare = async (engine: string, runs: number, megabytes: number): Promise<void> => {
  const contest = contestOf(engine);
  const server = await contest.start();
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-bench-db-"));
  try {
    for (const [name, rows] of [
      ["small", 2_000],
      ["large", megabytes * 1_000],
    ] as const) {
      await server.query("", `CREATE DATABASE ${name}`);
      await server.query(name, contest.orders(rows));
    }
    const ours = (database: string): Ours => {
      rmSync(join(folder, "dump.zip"), { force: true });
      const said = execFileSync(process.execPath, [
        import.meta.filename,
        "ours",
        engine,
        database,
        String(server.port),
        folder,
      ]);
      // Safe: our own part says it.
      return JSON.parse(said.toString()) as Ours;
    };
    const bare = (database: string): number => {
      const command = `${contest.bare(server, database)} | gzip -6 > "${folder}/bare.gz"`;
      const env = { ...process.env, PGPASSWORD: contest.password, MYSQL_PWD: contest.password };
      const began = performance.now();
      const { status } = spawnSync("sh", ["-c", command], { env });
      if (status !== 0) throw new Error("The bare tool failed.");
      return (performance.now() - began) / 1_000;
    };
    const small = ours("small");
    bare("large");
    const times = Array.from({ length: runs }, () => ({ ours: ours("large"), bare: bare("large") }));
    const [mine, theirs] = [median(times.map((one) => one.ours.seconds)), median(times.map((one) => one.bare))];
    const last = times.at(-1)?.ours;
    const inServer = await server.query("large", contest.sizeSql);
    console.log(`database of ${(Number(inServer) / 1e6).toFixed(0)} MB, ${runs} runs in turns, medians`);
    console.log(`Lifeboat                  ${mine.toFixed(2)} s, ${((last?.storedBytes ?? 0) / 1e6).toFixed(1)} MB`);
    console.log(
      `${`${contest.bareName} | gzip -6`.padEnd(26)}${theirs.toFixed(2)} s, ${(statSync(join(folder, "bare.gz")).size / 1e6).toFixed(1)} MB`,
    );
    console.log(`ratio                     ${(mine / theirs).toFixed(2)} (goal: 1)`);
    console.log(
      `peak memory               ${last?.peakMegabytes} MB; for a database of 2 MB ${small.peakMegabytes} MB`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  }
};

const [part, engine = "", database = "", port = "", folder = ""] = process.argv.slice(2);
if (part === "ours") {
  const isPostgres = engine === "postgresql";
  const at = {
    host: "127.0.0.1",
    port: Number(port),
    others: [],
    signIn: "password",
    tls: {},
    isReadOnly: false,
  } as const;
  const password = new Secret(contestOf(engine).password);
  const user = isPostgres ? superuser : administrator;
  await dumpOnce(
    contestOf(engine),
    { ...at, engine: isPostgres ? "PostgreSql" : "MySql", database, user, password },
    folder,
  );
} else {
  const options = {
    engine: { type: "string", default: "postgresql" },
    runs: { type: "string", default: "3" },
    megabytes: { type: "string", default: "300" },
  } as const;
  const { values } = parseArgs({ options });
  await compare(values.engine, Number(values.runs), Number(values.megabytes));
}
