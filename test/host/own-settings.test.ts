import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { get, post } from "./call.ts";
import { describeOwnHosts, itHere } from "./differences.ts";
import { endedInstance, ownHosts, readJson, startInstance } from "./own-hosts.ts";

const hosts = ownHosts();

/** The app's host.json with other values. */
const withSettings = (change: object): string =>
  JSON.stringify({ ...readJson(join(hosts.app, "host.json")), ...change });

describeOwnHosts("settings", () => {
  let baseUrl: string;
  const masterKey = "a-master-key-somebody-chose";

  beforeAll(async () => {
    const keys = join(hosts.folder, "settings", "keys");
    mkdirSync(keys, { recursive: true });
    const key = { name: "master", value: masterKey, encrypted: false };
    writeFileSync(
      join(keys, "host.json"),
      `\uFEFF${JSON.stringify({ masterKey: key, functionKeys: [], systemKeys: [] })}`,
    );
    const environment = {
      AzureWebJobsDisableHomepage: "true",
      FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "1000",
      FIXTURE_HUB: "other",
    };
    const changed = withSettings({
      extensions: { http: { routePrefix: "api/v2" }, durableTask: { hubName: "%FIXTURE_HUB%" } },
    });
    const host = await hosts.withFile("host.json", changed, () => hosts.start("settings", environment));
    baseUrl = host.url;
  });

  it("put a prefix before the routes of functions, not before the host's own", async () => {
    const statuses = ["/api/v2/hello", "/API/v2/order/case", "/hello", "/api/hello", "/admin/host/ping"].map(
      async (path) => (await get(path, { baseUrl })).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 404, 404, 200]);
  });

  it("of local.settings.json reach the app, where the environment does not have them", async () => {
    const valueOf = async (name: string): Promise<unknown> =>
      (await get(`/api/v2/setting/${name}`, { baseUrl })).json();
    expect(await valueOf("FIXTURE_SCHEDULE")).toEqual({ value: "0 0 0 1 1 *" });
    expect(await valueOf("FIXTURE_HUB")).toEqual({ value: "other" });
    expect((await get("/api/v2/client-binding", { baseUrl })).json()).toMatchObject({ taskHubName: "other" });
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
    expect(statSync(join(hosts.folder, "settings", "keys", "host.json")).mode & 0o777).toBe(0o600);
  });
});

describe("a function that takes longer than functionTimeout", () => {
  const started = (): Promise<string> =>
    hosts
      .withFile("host.json", withSettings({ functionTimeout: "00:00:01" }), () => hosts.start("timeout"))
      .then((host) => host.url);
  let url: Promise<string> | undefined;

  itHere("function-timeout", "fails as an activity, which the orchestrator can catch", async () => {
    const baseUrl = await (url ??= started());
    await startInstance(baseUrl, "slow", [{ attempt: { call: "rest", input: { milliseconds: 2_500 } } }]);
    const message = "Timeout value of 00:00:01 was exceeded by function: Functions.rest";
    expect(await endedInstance(baseUrl, "slow")).toMatchObject({
      runtimeStatus: "Completed",
      output: [{ caught: expect.stringContaining(message) }],
    });
  });

  itHere("function-timeout", "is an empty 500 as an HTTP function, and nothing else suffers", async () => {
    const baseUrl = await (url ??= started());
    const [{ status, text }, other] = await Promise.all([
      get("/misbehave/hangs", { baseUrl }),
      get("/hello", { baseUrl }),
    ]);
    expect([status, text, other.status, (await get("/hello", { baseUrl })).status]).toEqual([500, "", 200, 200]);
  });
});
