import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Store } from "../../src/devhost/durable/store.ts";
import { buildHostApp } from "../../scripts/build-host-app.mjs";
import { answered, get, open, post } from "./call.ts";
import { type DevhostProcess, startDevhost } from "./devhost-process.ts";
import { describeOwnHosts } from "./differences.ts";

const folder = mkdtempSync(join(tmpdir(), "lifeboat-own-host-"));
const app = join(folder, "app");
const running = new Set<DevhostProcess>();

const start = async (data: string, environment?: Readonly<Record<string, string>>): Promise<DevhostProcess> => {
  const host = await startDevhost(app, join(folder, data), environment);
  running.add(host);
  return host;
};
const end = (host: DevhostProcess, signal: "SIGTERM" | "SIGKILL"): Promise<number | null> => {
  running.delete(host);
  return host.end(signal);
};

const readJson = (file: string): Record<string, object> =>
  JSON.parse(readFileSync(file, "utf8")) as Record<string, object>;

/** Changes host.json for the hosts that a test starts. */
const withHostJson = async (change: object, body: () => Promise<void>): Promise<void> => {
  const file = join(app, "host.json");
  const before = readFileSync(file, "utf8");
  writeFileSync(file, JSON.stringify({ ...readJson(file), ...change }));
  try {
    await body();
  } finally {
    writeFileSync(file, before);
  }
};

const journal = async (baseUrl: string, topic: string): Promise<readonly object[]> =>
  (await get(`/journal/${topic}`, { baseUrl })).json();

const startInstance = async (baseUrl: string, instanceId: string, lines: readonly object[]): Promise<number> =>
  (await post("/durable/start", { baseUrl, body: JSON.stringify({ name: "script", instanceId, input: lines }) }))
    .status;
const statusOf = async (baseUrl: string, id: string): Promise<object> =>
  (await post("/durable/status", { baseUrl, body: JSON.stringify({ id }) })).json<{ readonly value: object }>().value;

beforeAll(() => buildHostApp(app));
afterAll(async () => {
  for (const host of running) await host.end("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describeOwnHosts("settings", () => {
  let baseUrl: string;
  const masterKey = "a-master-key-somebody-chose";

  beforeAll(async () => {
    const keys = join(folder, "settings", "keys");
    mkdirSync(keys, { recursive: true });
    const key = { name: "master", value: masterKey, encrypted: false };
    writeFileSync(
      join(keys, "host.json"),
      `\uFEFF${JSON.stringify({ masterKey: key, functionKeys: [], systemKeys: [] })}`,
    );
    const environment = { AzureWebJobsDisableHomepage: "true", FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "1000" };
    await withHostJson({ extensions: { http: { routePrefix: "api/v2" } } }, async () => {
      baseUrl = (await start("settings", environment)).url;
    });
  });

  it("put a prefix before the routes of functions, not before the host's own", async () => {
    const statuses = ["/api/v2/hello", "/API/v2/order/case", "/hello", "/api/hello", "/admin/host/ping"].map(
      async (path) => (await get(path, { baseUrl })).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 404, 404, 200]);
  });

  it("take the home page away", async () => {
    const { status, text } = await get("/", { baseUrl });
    expect([status, text]).toEqual([204, ""]);
  });

  it("limit the size of a body", async () => {
    const statuses = [1000, 1001].map(
      async (bytes) => (await post("/api/v2/request", { baseUrl, body: Buffer.alloc(bytes) })).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 413]);
  });

  it("keep the keys of a file that begins with a byte order mark, and make it private", async () => {
    const headers = { "x-functions-key": masterKey };
    expect((await get("/admin/host/status", { baseUrl, headers })).status).toBe(200);
    expect(statSync(join(folder, "settings", "keys", "host.json")).mode & 0o777).toBe(0o600);
  });
});

describeOwnHosts("a host that is started again on its data", () => {
  const ended = "ended-before";
  const waiting = "waits-meanwhile";
  let first: DevhostProcess;
  let second: DevhostProcess;

  beforeAll(async () => {
    first = await start("again");
    await startInstance(first.url, ended, [{ call: "give", input: 1 }]);
    await startInstance(first.url, waiting, [{ sleepMs: 300 }, { call: "give", input: 2 }]);
    while (!JSON.stringify(await statusOf(first.url, ended)).includes("Completed"));
    await get("/guarded/keyed", { baseUrl: first.url, headers: { "x-functions-key": "any" } });
    await end(first, "SIGTERM");
    const store = new Store(join(folder, "again", "runs.db"));
    const [last, next, lastUpdated] = ["2025-01-01", "2026-01-01", "2025-01-01"].map((day) => `${day}T00:00:00+00:00`);
    store.saveTimerStatus("on_demand", { last: last ?? "", next: next ?? "", lastUpdated: lastUpdated ?? "" });
    store.database.close();
    second = await start("again");
  });

  it("has its keys", () => {
    expect(second.masterKey).toBe(first.masterKey);
  });

  it("has a key file for each function that was asked for one, private and in the real host's layout", () => {
    const file = join(folder, "again", "keys", "keyed.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readJson(file)).toMatchObject({
      keys: [{ name: "default", value: expect.any(String), encrypted: false }],
      hostName: expect.any(String),
      instanceId: "",
      source: "runtime",
      decryptionKeyId: "",
    });
  });

  it("still shows what has ended", async () => {
    expect(await statusOf(second.url, ended)).toMatchObject({ runtimeStatus: "Completed", output: [1] });
  });

  it("goes on with what has not", async () => {
    while (JSON.stringify(await statusOf(second.url, waiting)).includes("Running"));
    expect(await statusOf(second.url, waiting)).toMatchObject({ runtimeStatus: "Completed", output: [null, 2] });
  });

  it("runs a timer once that missed its turn, telling it which", async () => {
    while ((await journal(second.url, "on-demand")).length === 0);
    expect(await journal(second.url, "on-demand")).toMatchObject([
      {
        isPastDue: true,
        scheduleStatus: { last: "2025-01-01T00:00:00+00:00", next: "2026-01-01T00:00:00+00:00" },
      },
    ]);
  });
});

describeOwnHosts("SIGTERM", () => {
  it("lets the request that runs get its answer, then ends with 0", async () => {
    const host = await start("drain");
    const outgoing = open("GET", "/gated/drain", { baseUrl: host.url });
    const head = answered(outgoing);
    outgoing.end();
    const incoming = (await head).setEncoding("utf8");
    const release = open("POST", "/release/drain", { baseUrl: host.url });
    release.setHeader("content-length", "1");
    release.flushHeaders();
    const code = end(host, "SIGTERM");
    let text = "";
    incoming.on("data", (chunk: string) => (text += chunk));
    while (
      await get("/hello", { baseUrl: host.url, headers: { connection: "close" } }).then(
        () => true,
        () => false,
      )
    );
    release.end("x");
    expect(await code).toBe(0);
    expect(text).toBe("beforeafter");
  });
});

describeOwnHosts("the ports of a host", () => {
  /** Addresses as the kernel writes them: hexadecimal, the bytes of each word reversed. */
  const listening = (pid: number): readonly string[] => {
    const sockets = new Set(
      readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
        return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [];
      }),
    );
    return ["tcp", "tcp6"].flatMap((table) =>
      readFileSync(`/proc/${pid}/net/${table}`, "utf8")
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[3] === "0A" && sockets.has(fields[9] ?? ""))
        .map((fields) => fields[1]?.split(":")[0] ?? ""),
    );
  };

  it.skipIf(process.platform !== "linux")("are its own and the durable client's, both on loopback", async () => {
    const { pid } = await start("ports");
    expect(listening(pid)).toEqual(["0100007F", "0100007F"]);
  });
});

describeOwnHosts("a host that cannot start says why and ends", () => {
  const refusal = async (data: string): Promise<string> => {
    try {
      await start(data);
      return "it started";
    } catch (error) {
      return String(error);
    }
  };

  it.each([
    { change: { version: "1.0" }, says: /"version" in .*host\.json is not "2\.0"/ },
    { change: { functionTimeout: "soon" }, says: /"functionTimeout" in .*host\.json is not a time span/ },
    { change: { extensions: { durableTask: { hubName: "%NO_SUCH%" } } }, says: /setting NO_SUCH, which is not set/ },
    { change: { extensions: { durableTask: { hubName: "a b" } } }, says: /hubName" in .* is not 3 to 45 letters/ },
  ])("where host.json has $change", async ({ change, says }) => {
    await withHostJson(change, async () => {
      const words = await refusal("refused");
      expect(words).toMatch(says);
      expect(words).not.toMatch(/\n\s+at /);
    });
  });

  it("where the app cannot be loaded", async () => {
    const file = join(app, "dist", "main.js");
    const before = readFileSync(file, "utf8");
    writeFileSync(file, 'throw new Error("the app is broken");');
    const words = await refusal("refused");
    writeFileSync(file, before);
    expect(words).toMatch(/The app .*main\.js could not be loaded: the app is broken/);
  });

  it("where the app registers nothing", async () => {
    const file = join(app, "dist", "main.js");
    const before = readFileSync(file, "utf8");
    writeFileSync(file, "export {};");
    const words = await refusal("refused");
    writeFileSync(file, before);
    expect(words).toMatch(/The app registered no functions/);
  });
});
