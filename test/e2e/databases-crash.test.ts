import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { temporaryFolder } from "../support/file-tree.ts";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { postgresPrograms, startPostgres, type PostgresServer } from "../support/postgres-server.ts";
import { serviceClient } from "../support/service-client.ts";

const folder = temporaryFolder();
const data = join(folder.path, "data");
const tools = join(folder.path, "tools");
const gate = join(folder.path, "gate");

/** Where a tool stops and waits as long as the gate is closed; it tells its process first. */
const stop = `if [ -e ${gate}/closed ]; then echo $$ > ${gate}/writing; mv ${gate}/writing ${gate}/reached; while [ -e ${gate}/closed ]; do sleep 0.05; done; fi`;
const middle = `(dd bs=2048 count=2 2>/dev/null; ${stop}; cat)`;

/** What stands in the tools' place: each of them as it is, but for where it waits. */
const phases = {
  "in the middle of the dump": { pg_dump: `"$real" "$@" | ${middle}` },
  "in the middle of the load": { pg_restore: `${middle} | "$real" "$@"` },
  "right before the exchange": { psql: `case "$*" in *RENAME*) ${stop};; esac; exec "$real" "$@"` },
  "right after the exchange": { psql: `"$real" "$@"; code=$?; case "$*" in *RENAME*) ${stop};; esac; exit $code` },
} satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

describeWith("postgresql", postgresPrograms !== undefined, "a service killed with -9", () => {
  let server: PostgresServer;
  let service: LifeboatProcess;

  const start = async (): Promise<void> => {
    service = await startLifeboat({
      data,
      environment: { LIFEBOAT_TLS_PORT: "0", LIFEBOAT_DATABASE_TOOLS: `${tools},${postgresPrograms}` },
    });
    if (service.url === "") throw new Error(`The service did not start: ${service.output()}`);
  };
  const kill = async (): Promise<void> => {
    const ended = once(service.child, "close");
    service.child.kill("SIGKILL");
    await ended;
  };
  const client = () => serviceClient(service.url, bearer(data), "shop");

  const arm = (phase: Readonly<Record<string, string>>): void => {
    rmSync(tools, { recursive: true, force: true });
    mkdirSync(tools);
    for (const [tool, text] of Object.entries(phase)) {
      const script = `#!/bin/sh\nreal=${postgresPrograms}/${tool}\ncase "$*" in --version) exec "$real" "$@";; esac\n${text}\n`;
      writeFileSync(join(tools, tool), script, { mode: 0o755 });
    }
    rmSync(gate, { recursive: true, force: true });
    mkdirSync(gate);
    writeFileSync(join(gate, "closed"), "");
  };
  const reached = join(gate, "reached");
  const toolWaits = (): Promise<void> =>
    vi.waitFor(() => expect(existsSync(reached), service.output()).toBe(true), { timeout: 60_000, interval: 20 });
  /** Kills the service where the tool waits; the tool is gone with it. */
  const killThere = async (): Promise<void> => {
    await toolWaits();
    const tool = Number(readFileSync(reached, "utf8"));
    await kill();
    await vi.waitFor(() => expect(existsSync(`/proc/${tool}`)).toBe(false), { timeout: 30_000, interval: 20 });
    rmSync(join(gate, "closed"));
    await start();
  };

  const backUp = async (): Promise<number> => {
    const databases = [{ databaseType: "PostgreSql", name: "shop", connectionString: server.url("shop") }];
    const { status, body } = await client().ask("POST", "/backup", { properties: { databases } });
    expect(status).toBe(200);
    return Number(body["properties"]?.["id"]);
  };
  const backupEnds = async (id: number): Promise<string> => {
    const { status, log } = await client().ended(id);
    return `${status} ${log ?? ""}`.trim();
  };
  const ask = (path: string, properties: Readonly<Record<string, unknown>>): Promise<string> =>
    client().begin(path, properties);
  const ends = async (operation: string): Promise<string> => (await client().operationEnded(operation)).status;
  const databases = async (): Promise<readonly string[]> =>
    (await server.query("", "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'")).split(
      "\n",
    );
  /** What is cleared away after the end was told. */
  const become = (now: () => Promise<readonly string[]>, wanted: readonly string[]) =>
    vi.waitFor(async () => expect(await now()).toEqual(wanted), { timeout: 30_000, interval: 100 });
  const stock = (): Promise<string> => server.query("shop", "SELECT sum(n) FROM stock");
  const restore = (id: number) =>
    ask(`/backups/${id}/restore`, { overwrite: true, databases: [{ databaseType: "PostgreSql", name: "shop" }] });

  beforeAll(async () => {
    server = await startPostgres();
    const home = join(folder.path, "home");
    mkdirSync(join(data, "sites"), { recursive: true });
    mkdirSync(join(home, "site/wwwroot"), { recursive: true });
    writeFileSync(join(home, "site/wwwroot/index.html"), "one");
    writeFileSync(join(data, "sites", "shop.json"), JSON.stringify({ home }));
    mkdirSync(tools);
    await start();
  }, 120_000);
  afterAll(async () => {
    await killAll();
    await server.stop();
    folder.remove();
  });
  beforeEach(async () => {
    await server.query("", "DROP DATABASE IF EXISTS shop WITH (FORCE)");
    await server.query("", "CREATE DATABASE shop");
    await server.query("shop", "CREATE TABLE stock AS SELECT n FROM generate_series(1, 30000) n");
  });

  it.each(Object.entries(phases))("%s ends what it was doing once it runs again", async (name, phase) => {
    if (name.endsWith("dump")) {
      arm(phase);
      const id = await backUp();
      await killThere();
      expect(await backupEnds(id)).toBe("Succeeded");
      return;
    }
    const id = await backUp();
    expect(await backupEnds(id)).toBe("Succeeded");
    await server.query("shop", "DELETE FROM stock WHERE n > 10");
    arm(phase);
    const operation = await restore(id);
    await killThere();
    expect(await ends(operation)).toBe("Succeeded");
    expect(await stock()).toBe("450015000");
    await become(async () => (await databases()).filter((one) => one.startsWith("lifeboat_s")), []);
    arm(name.includes("exchange") ? phase : {});
    const undo = await ask("/undo", {});
    if (name.includes("exchange")) await killThere();
    expect(await ends(undo)).toBe("Succeeded");
    expect(await stock()).toBe("55");
    await become(databases, ["shop"]);
  });

  /** A restore over a database of ten rows that is cancelled where a tool waits. */
  const cancelledThere = async (phase: Readonly<Record<string, string>>): Promise<string> => {
    const id = await backUp();
    expect(await backupEnds(id)).toBe("Succeeded");
    await server.query("shop", "DELETE FROM stock WHERE n > 10");
    arm(phase);
    const operation = await restore(id);
    await toolWaits();
    expect((await client().ask("DELETE", `/operations/${operation}`)).status).toBe(200);
    return operation;
  };
  const expectAsBefore = async (operation: string): Promise<void> => {
    expect(await ends(operation)).toBe("Failed");
    const { body } = await client().ask("GET", `/operations/${operation}`);
    expect(String(body["properties"]?.["log"])).toMatch(/^It was cancelled\./);
    expect(await stock()).toBe("55");
    await become(databases, ["shop"]);
  };

  it("puts an exchanged database back when the restore was cancelled before", async () => {
    const operation = await cancelledThere(phases["right after the exchange"]);
    await killThere();
    await expectAsBefore(operation);
  });

  it("is not needed to end a load that hangs: cancelling the restore ends the tool", async () => {
    const operation = await cancelledThere(phases["in the middle of the load"]);
    await expectAsBefore(operation);
    expect(existsSync(join(gate, "closed"))).toBe(true);
  });

  it("leaves the live database untouched and nothing behind when the load can never end well", async () => {
    const id = await backUp();
    expect(await backupEnds(id)).toBe("Succeeded");
    await server.query("shop", "DELETE FROM stock WHERE n > 10");
    arm({
      pg_restore: `head -c 3000 >/dev/null; ${stop}; echo "pg_restore: error: COPY failed for table: No space left on device" >&2; exit 1`,
    });
    const operation = await restore(id);
    await killThere();
    expect(await ends(operation)).toBe("Failed");
    const { body } = await client().ask("GET", `/operations/${operation}`);
    expect(String(body["properties"]?.["log"])).toContain("Free some space where the server keeps its data");
    expect(await stock()).toBe("55");
    await become(databases, ["shop"]);
  });
});
