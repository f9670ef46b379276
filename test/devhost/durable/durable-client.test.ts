import * as df from "durable-functions";
import { afterEach, describe, expect, it } from "vitest";
import { startDurable, stopDurables } from "./running-durable.ts";

afterEach(stopDurables);

df.app.activity("double", { handler: ({ n }: { readonly n: number }) => ({ n: 2 * n }) });
df.app.orchestration("doubled", function* (context) {
  return yield context.df.callActivity("double", context.df.getInput());
});
df.app.activity("never", { handler: () => new Promise(() => undefined) });
df.app.orchestration("waiting", function* (context) {
  return yield context.df.callActivity("never", {});
});
df.app.orchestration("echo", function* (context) {
  context.df.setCustomStatus({ seen: true });
  return { input: context.df.getInput() ?? null, isEmptyText: context.df.getInput() === "" };
});
df.app.orchestration("throws", function* () {
  throw new Error("bad thing");
});

const wholeSeconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

describe("starting", () => {
  it("runs an orchestration through an activity to its output", async () => {
    const { client, durable } = await startDurable();
    expect(await client.startNew("doubled", { instanceId: "one", input: { n: 21 } })).toBe("one");
    await durable.idle();
    expect(await client.getStatus("one")).toMatchObject({ runtimeStatus: "Completed", output: { n: 42 } });
  });

  it("makes up an id where none is given", async () => {
    const { client, durable } = await startDurable();
    const id = await client.startNew("doubled", { input: { n: 1 } });
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    await durable.idle();
    expect((await client.getStatus(id)).output).toEqual({ n: 2 });
  });

  it("answers 202 with a place to look and a time to wait", async () => {
    const { durable, rpc } = await startDurable();
    const answer = await rpc("orchestrators/doubled/one", { method: "POST", body: '{"n":1}' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get("location")).toBe(`${durable.rpcBaseUrl()}instances/one`);
    expect(answer.headers.get("retry-after")).toBe("10");
    expect(await answer.json()).toMatchObject({
      id: "one",
      terminatePostUri: expect.stringContaining("/one/terminate"),
    });
  });

  it("refuses the id of an instance that has not ended with 409 and says its status", async () => {
    const { client, rpc } = await startDurable();
    await client.startNew("waiting", { instanceId: "one" });
    const answer = await rpc("orchestrators/waiting/one", { method: "POST", body: "{}" });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toEqual({
      Message: expect.stringMatching(/^An Orchestration instance with the status (Pending|Running) already exists\.$/),
    });
    await expect(client.startNew("waiting", { instanceId: "one" })).rejects.toThrow("409");
  });

  it("replaces an instance that has ended", async () => {
    const { client, durable } = await startDurable();
    await client.startNew("doubled", { instanceId: "one", input: { n: 1 } });
    await durable.idle();
    await client.startNew("doubled", { instanceId: "one", input: { n: 5 } });
    await durable.idle();
    expect((await client.getStatus("one")).output).toEqual({ n: 10 });
  });

  it("accepts an unknown orchestrator, whose instance then fails and names it", async () => {
    const { client, durable } = await startDurable();
    await client.startNew("nosuch", { instanceId: "one" });
    await durable.idle();
    const { runtimeStatus, output } = await client.getStatus("one");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain("The function 'nosuch' doesn't exist, is disabled, or is not an orchestrator function");
  });

  it("refuses a body that is not JSON", async () => {
    const { rpc } = await startDurable();
    expect((await rpc("orchestrators/echo/one", { method: "POST", body: "{oops" })).status).toBe(400);
    expect((await rpc("instances/one")).status).toBe(404);
  });

  it.each(["@x", "a b", "ümlaut", `quote"d`, "x".repeat(257)])("takes the id %s", async (id) => {
    const { client, durable } = await startDurable();
    await client.startNew("echo", { instanceId: id, input: {} });
    await durable.idle();
    expect((await client.getStatus(id)).instanceId).toBe(id);
  });

  it.each(["a/b", "a\\b", "a%2Fb", "a%5Cb"])("knows no id %s", async (id) => {
    const { client, rpc } = await startDurable();
    await expect(client.startNew("echo", { instanceId: id })).rejects.toThrow("404");
    expect(await (await rpc("instances/")).json()).toEqual([]);
  });

  it.each(["a?b", "a#b"])("cuts the id %s where the client does", async (id) => {
    const { client, durable } = await startDurable();
    await client.startNew("echo", { instanceId: id, input: {} });
    await durable.idle();
    expect((await client.getStatus("a")).instanceId).toBe("a");
  });
});

describe("what an orchestrator is given", () => {
  const given = async (input: unknown): Promise<unknown> => {
    const { client, durable } = await startDurable();
    await client.startNew("echo", { instanceId: "one", input });
    await durable.idle();
    return (await client.getStatus("one")).output;
  };

  it.each([[{ a: [1, { b: null }] }], ["text"], [7], [true], [["list"]]])("is %j as it was sent", async (input) => {
    expect(await given(input)).toEqual({ input, isEmptyText: false });
  });

  it("is null when null was sent, and an empty text when nothing was", async () => {
    expect(await given(null)).toEqual({ input: null, isEmptyText: false });
    expect(await given(undefined)).toEqual({ input: "", isEmptyText: true });
  });

  it("has a Date in place of every text called Timestamp, as on the real host", async () => {
    const sent = { Timestamp: "no time", deep: [{ Timestamp: "2026-01-02T03:04:05Z", other: "2026-01-02T03:04:05Z" }] };
    expect(await given(sent)).toEqual({
      input: { Timestamp: null, deep: [{ Timestamp: "2026-01-02T03:04:05.000Z", other: "2026-01-02T03:04:05Z" }] },
      isEmptyText: false,
    });
  });
});

describe("reading", () => {
  it("answers 202 with a time to wait while an instance runs, then 200", async () => {
    const { client, durable, rpc } = await startDurable();
    await client.startNew("waiting", { instanceId: "waits", input: { n: 1 } });
    const running = await rpc("instances/waits");
    expect(running.status).toBe(202);
    expect(running.headers.get("location")).toBe(`${durable.rpcBaseUrl()}instances/waits`);
    expect(running.headers.get("retry-after")).toBe("5");
    await client.terminate("waits", "enough");
    await expect.poll(async () => (await rpc("instances/waits")).status).toBe(200);
  });

  it("shows an instance as the SDK expects it, times in whole seconds", async () => {
    const { client, durable, rpc } = await startDurable();
    await client.startNew("echo", { instanceId: "one", input: { n: 1 } });
    await durable.idle();
    expect(await (await rpc("instances/one")).json()).toEqual({
      name: "echo",
      instanceId: "one",
      runtimeStatus: "Completed",
      input: { n: 1 },
      customStatus: { seen: true },
      output: { input: { n: 1 }, isEmptyText: false },
      createdTime: expect.stringMatching(wholeSeconds),
      lastUpdatedTime: expect.stringMatching(wholeSeconds),
    });
    expect(await (await rpc("instances/one?showInput=false")).json()).toMatchObject({ input: null });
  });

  it("shows the history with what began and ended as one entry", async () => {
    const { client, durable, rpc } = await startDurable();
    await client.startNew("doubled", { instanceId: "one", input: { n: 1 } });
    await durable.idle();
    const read = async (query: string): Promise<unknown> =>
      ((await (await rpc(`instances/one?${query}`)).json()) as { historyEvents?: unknown }).historyEvents;
    const Timestamp = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(await read("showHistory=true")).toEqual([
      { EventType: "ExecutionStarted", Timestamp, FunctionName: "doubled", Input: { n: 1 } },
      { EventType: "TaskCompleted", Timestamp, FunctionName: "double", ScheduledTime: Timestamp },
      { EventType: "ExecutionCompleted", Timestamp, OrchestrationStatus: "Completed" },
    ]);
    expect(await read("showHistory=true&showHistoryOutput=true&showInput=false")).toEqual([
      { EventType: "ExecutionStarted", Timestamp, FunctionName: "doubled" },
      { EventType: "TaskCompleted", Timestamp, FunctionName: "double", ScheduledTime: Timestamp, Result: { n: 2 } },
      { EventType: "ExecutionCompleted", Timestamp, OrchestrationStatus: "Completed", Result: { n: 2 } },
    ]);
    expect(await read("")).toBeUndefined();
  });

  it("says that an instance is missing", async () => {
    const { client } = await startDurable();
    await expect(client.getStatus("nobody")).rejects.toThrow("404");
  });

  it("lists all, by status, by time and by the beginning of the id", async () => {
    const { client, durable, rpc } = await startDurable();
    await client.startNew("echo", { instanceId: "good-1", input: {} });
    await client.startNew("echo", { instanceId: "good-2", input: {} });
    await client.startNew("throws", { instanceId: "bad-1", input: {} });
    await durable.idle();
    const ids = (all: readonly { readonly instanceId: string }[]): readonly string[] =>
      all.map(({ instanceId }) => instanceId).toSorted();
    expect(ids(await client.getStatusAll())).toEqual(["bad-1", "good-1", "good-2"]);
    const { Failed, Terminated } = df.OrchestrationRuntimeStatus;
    expect(ids(await client.getStatusBy({ runtimeStatus: [Failed, Terminated] }))).toEqual(["bad-1"]);
    const minute = 60_000;
    expect(await client.getStatusBy({ createdTimeFrom: new Date(Date.now() + minute) })).toEqual([]);
    expect(ids(await client.getStatusBy({ createdTimeTo: new Date(Date.now() + minute) }))).toHaveLength(3);
    const prefixed = await rpc("instances/?instanceIdPrefix=good");
    expect(ids((await prefixed.json()) as { instanceId: string }[])).toEqual(["good-1", "good-2"]);
    expect((await rpc("instances/?createdTimeFrom=yesterday")).status).toBe(400);
  });
});

describe("terminating", () => {
  it("ends an instance at once with the reason as its output, cut where the client cuts it", async () => {
    const { client } = await startDurable();
    await client.startNew("waiting", { instanceId: "one" });
    await client.terminate("one", "no time & no money");
    await expect.poll(async () => (await client.getStatus("one")).runtimeStatus).toBe("Terminated");
    expect((await client.getStatus("one")).output).toBe("no time ");
  });

  it("answers 410 for one that has ended and 404 for one that is missing", async () => {
    const { client, durable, rpc } = await startDurable();
    await client.startNew("echo", { instanceId: "one", input: {} });
    await durable.idle();
    expect((await rpc("instances/one/terminate?reason=x", { method: "POST" })).status).toBe(410);
    await client.terminate("one", "x");
    expect((await client.getStatus("one")).runtimeStatus).toBe("Completed");
    await expect(client.terminate("nobody", "x")).rejects.toThrow("nobody");
  });

  it("drops the result of an activity that still runs", async () => {
    const ended: ((value: unknown) => void)[] = [];
    const { client, durable } = await startDurable({
      invokeActivity: () => new Promise((resolve) => ended.push(resolve)),
    });
    await client.startNew("doubled", { instanceId: "one", input: {} });
    await expect.poll(() => ended.length).toBe(1);
    await client.terminate("one", "enough");
    await expect.poll(async () => (await client.getStatus("one")).runtimeStatus).toBe("Terminated");
    ended[0]?.({ n: 1 });
    await durable.idle();
    expect(await client.getStatus("one")).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
  });

  it("keeps a late result from an instance that was started again under the same id", async () => {
    const ended: ((value: unknown) => void)[] = [];
    const { client, durable } = await startDurable({
      invokeActivity: () => new Promise((resolve) => ended.push(resolve)),
    });
    await client.startNew("doubled", { instanceId: "one", input: {} });
    await expect.poll(() => ended.length).toBe(1);
    await client.terminate("one", "enough");
    await expect.poll(async () => (await client.getStatus("one")).runtimeStatus).toBe("Terminated");
    await client.startNew("doubled", { instanceId: "one", input: {} });
    await expect.poll(() => ended.length).toBe(2);
    ended[0]?.("late");
    ended[1]?.("right");
    await durable.idle();
    expect((await client.getStatus("one")).output).toBe("right");
  });
});

describe("purging", () => {
  it("forgets an instance that has ended, and only such a one", async () => {
    const { client, durable, rpc } = await startDurable();
    await client.startNew("echo", { instanceId: "done", input: {} });
    await durable.idle();
    await client.startNew("waiting", { instanceId: "waits" });
    expect(await client.purgeInstanceHistory("done")).toEqual({ instancesDeleted: 1 });
    expect(await client.purgeInstanceHistory("done")).toEqual({ instancesDeleted: 0 });
    await expect(client.getStatus("done")).rejects.toThrow("404");
    const refused = await rpc("instances/waits", { method: "DELETE" });
    expect(refused.status).toBe(412);
    expect(await refused.json()).toEqual({ Message: "Only orchestrations in a terminal state can be purged." });
  });

  it("forgets by time and status, never what has not ended", async () => {
    const { client, durable, rpc } = await startDurable();
    for (const id of ["a", "b"]) await client.startNew("echo", { instanceId: id, input: {} });
    await client.startNew("throws", { instanceId: "bad", input: {} });
    await durable.idle();
    await client.startNew("waiting", { instanceId: "waits" });
    const createdTimeFrom = new Date(Date.now() - 60_000);
    const { Completed } = df.OrchestrationRuntimeStatus;
    const filter = { createdTimeFrom, createdTimeTo: new Date(Date.now() + 60_000) };
    expect(await client.purgeInstanceHistoryBy({ ...filter, runtimeStatus: [Completed] })).toEqual({
      instancesDeleted: 2,
    });
    expect(await client.purgeInstanceHistoryBy(filter)).toEqual({ instancesDeleted: 1 });
    expect(await client.purgeInstanceHistoryBy(filter)).toEqual({ instancesDeleted: 0 });
    expect((await rpc("instances/", { method: "DELETE" })).status).toBe(400);
    expect((await client.getStatus("waits")).runtimeStatus).toMatch(/Pending|Running/);
  });
});

describe("what the facade never asks for", () => {
  it.each([
    ["suspend", (client: df.DurableClient) => client.suspend("one", "x")],
    ["resume", (client: df.DurableClient) => client.resume("one", "x")],
    ["raiseEvent", (client: df.DurableClient) => client.raiseEvent("one", "Go", {})],
    ["rewind", (client: df.DurableClient) => client.rewind("one", "x")],
    ["entity", (client: df.DurableClient) => client.signalEntity(new df.EntityId("counter", "k"), "add", 1)],
  ] as const)("is refused by name: %s", async (name, call) => {
    const { client } = await startDurable();
    await client.startNew("waiting", { instanceId: "one" });
    await expect(call(client)).rejects.toThrow(new RegExp(`${name} is not supported by this host`));
  });
});

describe("the client's server", () => {
  it("answers nobody who does not know its path", async () => {
    const { durable } = await startDurable();
    const url = new URL(durable.rpcBaseUrl());
    expect(url.hostname).toBe("127.0.0.1");
    expect(url.pathname).toMatch(/^\/durabletask\/[0-9a-f]{32}\/$/);
    for (const path of ["/", "/durabletask/", "/durabletask/instances/", `${url.pathname.slice(0, -2)}x/instances/`])
      expect((await fetch(`${url.origin}${path}`)).status).toBe(404);
  });

  it("keeps its path out of the URLs that an app may hand to callers", async () => {
    const { client, durable } = await startDurable();
    const secret = new URL(durable.rpcBaseUrl()).pathname;
    expect(JSON.stringify(client.createHttpManagementPayload("one"))).not.toContain(secret);
    const started = await fetch(`${durable.rpcBaseUrl()}orchestrators/echo/one`, { method: "POST", body: "{}" });
    expect(await started.text()).not.toContain(secret);
  });

  it.each([
    ["GET", "nowhere"],
    ["PUT", "instances/one"],
    ["GET", "orchestrators/echo"],
    ["GET", "instances/one/history"],
    ["POST", "orchestrators/"],
    ["GET", "instances/%zz"],
  ])("has nothing at %s %s", async (method, path) => {
    const { rpc } = await startDurable();
    expect((await rpc(path, { method })).status).toBe(404);
  });
});
