import { once } from "node:events";
import { statSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { Store } from "../../src/devhost/durable/store.ts";
import { answered, get, open } from "./call.ts";
import type { DevhostProcess } from "./devhost-process.ts";
import { describeOwnHosts } from "./differences.ts";
import { endedInstance, instanceStatus, ownHosts, readJson, startInstance } from "./own-hosts.ts";

const hosts = ownHosts();

const journal = async (baseUrl: string, topic: string): Promise<readonly object[]> =>
  (await get(`/journal/${topic}`, { baseUrl })).json();

describeOwnHosts("a host that is started again on its data", () => {
  const ended = "ended-before";
  const waiting = "waits-meanwhile";
  let first: DevhostProcess;
  let second: DevhostProcess;

  beforeAll(async () => {
    first = await hosts.start("again");
    await startInstance(first.url, ended, [{ call: "give", input: 1 }]);
    await startInstance(first.url, waiting, [{ sleepMs: 300 }, { call: "give", input: 2 }]);
    await endedInstance(first.url, ended);
    await get("/guarded/keyed", { baseUrl: first.url, headers: { "x-functions-key": "any" } });
    await hosts.end(first, "SIGTERM");
    const store = new Store(join(hosts.folder, "again", "runs.db"));
    const [last, next, lastUpdated] = ["2025-01-01", "2026-01-01", "2025-01-01"].map((day) => `${day}T00:00:00+00:00`);
    store.saveTimerStatus("on_demand", { last: last ?? "", next: next ?? "", lastUpdated: lastUpdated ?? "" });
    store.database.close();
    second = await hosts.start("again");
  });

  it("has its keys", () => {
    expect(second.masterKey).toBe(first.masterKey);
  });

  it("has a key file for each function that was asked for one, private and in the real host's layout", () => {
    const file = join(hosts.folder, "again", "keys", "keyed.json");
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
    expect(await instanceStatus(second.url, ended)).toMatchObject({ runtimeStatus: "Completed", output: [1] });
  });

  it("goes on with what has not", async () => {
    expect(await endedInstance(second.url, waiting)).toMatchObject({ runtimeStatus: "Completed", output: [null, 2] });
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
  const isOpen = (baseUrl: string): Promise<boolean> =>
    get("/hello", { baseUrl, agent: new Agent() }).then(
      () => true,
      () => false,
    );

  it("lets the request that runs get its answer, then ends with 0", async () => {
    const host = await hosts.start("drain");
    const outgoing = open("POST", "/duplex", { baseUrl: host.url });
    const head = answered(outgoing);
    outgoing.write("before");
    const incoming = (await head).setEncoding("utf8");
    let text = String((await once(incoming, "data"))[0]);
    incoming.on("data", (chunk: string) => (text += chunk));
    const code = hosts.end(host, "SIGTERM");
    while (await isOpen(host.url));
    outgoing.end("after");
    expect(await code).toBe(0);
    expect(host.log()).toContain("The app was told of the end.");
    expect(text).toBe("beforeafter");
  });

  it("lets the activity that runs end, and tells the app of the end only then", async () => {
    const host = await hosts.start("drain-activity");
    await startInstance(host.url, "noting", [{ call: "noted", input: { topic: "drained", milliseconds: 500 } }]);
    while ((await journal(host.url, "drained")).length === 0);
    expect(await hosts.end(host, "SIGTERM")).toBe(0);
    const [ended, told] = ["noted the end of drained", "The app was told of the end."].map((line) =>
      host.log().indexOf(line),
    );
    expect(ended).toBeGreaterThan(-1);
    expect(told).toBeGreaterThan(ended ?? -1);
  });
});
