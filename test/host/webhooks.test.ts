import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { type Answer, get, post, send } from "./call.ts";
import { expectedOf, itHere } from "./differences.ts";
import { client, runLines, start, startLines, untilEnded } from "./durable.ts";

const { masterKey, url } = inject("functionsHost");
const prefix = "/runtime/webhooks/durabletask";
const resting = { call: "rest", input: { milliseconds: 5_000 } } as const;
let headers: Readonly<Record<string, string>>;

beforeAll(async () => {
  const answer = await get("/admin/host/systemkeys", { headers: { "x-functions-key": masterKey } });
  const { keys } = answer.json<{ readonly keys: readonly { readonly value: string }[] }>();
  headers = { "x-functions-key": keys[0]?.value ?? "" };
});

/** The extension's HTTP API, which the SDK's client speaks too, called with the system key. */
const call = (method: string, path: string, body?: string): Promise<Answer> =>
  send(method, `${prefix}/${path}`, {
    headers: { ...headers, "content-type": "application/json" },
    ...(body !== undefined && { body }),
  });

const history = async (id: string, query: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  (await call("GET", `instances/${id}?showHistory=true${query}`)).json<{ readonly historyEvents: [] }>().historyEvents;

describe("a start", () => {
  it("is a 202 that says where to look and when", async () => {
    const id = randomUUID();
    const answer = await call("POST", `orchestrators/script/${id}`, "[]");
    expect([answer.status, answer.headers["retry-after"]]).toEqual([202, "10"]);
    expect(answer.headers.location).toContain(`${url}${prefix}/instances/${id}`);
    expect(Object.keys(answer.json<object>())).toEqual(
      expect.arrayContaining([
        "id",
        "statusQueryGetUri",
        "sendEventPostUri",
        "terminatePostUri",
        "purgeHistoryDeleteUri",
      ]),
    );
    expect(answer.json()).toMatchObject({ id, statusQueryGetUri: expect.stringContaining(`instances/${id}?`) });
    await untilEnded(id);
  });

  it("makes up an id", async () => {
    const { id } = (await call("POST", "orchestrators/script", "[]")).json<{ readonly id: string }>();
    expect((await untilEnded(id)).runtimeStatus).toBe("Completed");
  });

  it("without a body gives the orchestrator null", async () => {
    const { id } = (await call("POST", "orchestrators/seen_input")).json<{ readonly id: string }>();
    expect((await untilEnded(id)).output).toEqual({ type: "null", value: null });
  });

  it("with an input that is not JSON is a 400", async () => {
    expect((await call("POST", `orchestrators/script/${randomUUID()}`, "{")).status).toBe(400);
  });

  it("of an instance that runs is a 409 with its status", async () => {
    const id = await startLines(resting);
    const answer = await call("POST", `orchestrators/script/${id}`, "[]");
    expect(answer.status).toBe(409);
    expect(answer.json()).toEqual({
      Message: expect.stringMatching(/^An Orchestration instance with the status (Pending|Running) already exists\.$/),
    });
    await client("terminate", { id, reason: "over" });
  });
});

describe("a status", () => {
  it("of an instance that runs is a 202 that says when to look again", async () => {
    const id = await startLines(resting);
    const answer = await call("GET", `instances/${id}`);
    expect([answer.status, answer.headers["retry-after"]]).toEqual([202, "5"]);
    expect(answer.headers.location).toContain(`/instances/${id}`);
    await client("terminate", { id, reason: "over" });
  });

  it("of one that ended is a 200 with whole seconds", async () => {
    const { instanceId } = await runLines({ status: "set" }, { call: "give", input: 1 });
    const answer = await call("GET", `instances/${instanceId}`);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string;
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/json; charset=utf-8"]);
    expect(answer.json()).toEqual({
      name: "script",
      instanceId,
      runtimeStatus: "Completed",
      input: [{ status: "set" }, { call: "give", input: 1 }],
      customStatus: "set",
      output: [1],
      createdTime: time,
      lastUpdatedTime: time,
    });
  });

  it("leaves the input out when asked to", async () => {
    const { instanceId } = await runLines();
    expect((await call("GET", `instances/${instanceId}?showInput=false`)).json()).toMatchObject({ input: null });
  });

  it("of one that is missing is a 404", async () => {
    expect((await call("GET", "instances/nosuch")).status).toBe(404);
  });

  it("of all is a list, which the beginning of the id can narrow", async () => {
    const begin = randomUUID();
    for (const end of ["a", "b"]) await untilEnded(await start("script", { instanceId: `${begin}-${end}`, input: [] }));
    const answer = await call("GET", `instances/?instanceIdPrefix=${begin}`);
    expect(answer.status).toBe(200);
    const ids = answer.json<readonly { readonly instanceId: string }[]>().map(({ instanceId }) => instanceId);
    expect(ids.toSorted()).toEqual([`${begin}-a`, `${begin}-b`]);
  });
});

describe("the history", () => {
  it("has an entry for each thing that ended, with the name and time of its beginning", async () => {
    const { instanceId } = await runLines(
      { call: "give", input: 1 },
      { attempt: { call: "boom", input: "no" } },
      { sleepMs: 1 },
      { child: "returns", id: randomUUID(), input: { value: 2 } },
    );
    const events = await history(instanceId, "&showHistoryOutput=true");
    expect(events).toMatchObject([
      { EventType: "ExecutionStarted", FunctionName: "script" },
      { EventType: "TaskCompleted", FunctionName: "give", Result: 1, ScheduledTime: expect.any(String) },
      { EventType: "TaskFailed", FunctionName: "boom", Reason: expect.stringContaining("no") },
      { EventType: "TimerCreated", FireAt: expect.any(String) },
      { EventType: "TimerFired", FireAt: expect.any(String) },
      { EventType: "SubOrchestrationInstanceCompleted", FunctionName: "returns", Result: 2 },
      { EventType: "ExecutionCompleted", OrchestrationStatus: "Completed" },
    ]);
    for (const { Timestamp } of events) expect(Date.parse(String(Timestamp))).not.toBeNaN();
  });

  it("of a terminated instance says so, and not why", async () => {
    const id = await startLines(resting);
    await client("terminate", { id, reason: "over" });
    await untilEnded(id);
    const terminated = (await history(id, "")).find(({ EventType }) => EventType === "ExecutionTerminated");
    expect(Object.keys(terminated ?? {}).toSorted()).toEqual(["EventType", "Timestamp"]);
  });

  it("has no results unless they are asked for", async () => {
    const { instanceId } = await runLines({ call: "give", input: 1 });
    const events = await history(instanceId, "");
    expect(events.length).toBeGreaterThan(2);
    expect(events.filter((event) => "Result" in event)).toEqual([]);
  });
});

describe("an order", () => {
  it("to terminate is a 202, a 410 for an instance that has ended, a 404 for one that is missing", async () => {
    const id = await startLines(resting);
    expect((await call("POST", `instances/${id}/terminate?reason=over`)).status).toBe(202);
    expect((await untilEnded(id)).output).toBe("over");
    expect((await call("POST", `instances/${id}/terminate?reason=again`)).status).toBe(410);
    expect((await call("POST", "instances/nosuch/terminate?reason=x")).status).toBe(404);
  });

  it("to purge is a 200, a 412 for an instance that runs, a 404 for one that is missing", async () => {
    const id = await startLines(resting);
    expect((await call("DELETE", `instances/${id}`)).status).toBe(412);
    await client("terminate", { id, reason: "over" });
    await untilEnded(id);
    const purged = await call("DELETE", `instances/${id}`);
    expect([purged.status, purged.json()]).toEqual([200, { instancesDeleted: 1 }]);
    expect((await call("DELETE", `instances/${id}`)).status).toBe(404);
  });

  it("to purge by status without a beginning in time is a 400", async () => {
    expect((await call("DELETE", "instances/?runtimeStatus=Completed")).status).toBe(400);
  });

  for (const operation of ["raiseEvent/go", "suspend", "resume", "rewind", "restart"])
    itHere("unsupported", `to ${operation} is a 501 that says what is supported`, async () => {
      const { instanceId } = await runLines();
      const answer = await call("POST", `instances/${instanceId}/${operation}`, "{}");
      expect(answer.status).toBe(501);
      expect(answer.text).toContain(`${operation.split("/")[0]} is not supported by this host`);
    });
});

describe("what a caller is handed", () => {
  const hasKey = expectedOf("management-urls", { here: false, real: true });

  it("by createCheckStatusResponse leads to the caller's own address", async () => {
    const { instanceId } = await runLines();
    const answer = await get(`/check-status/${instanceId}`);
    expect(answer.status).toBe(202);
    expect(answer.headers.location).toContain(`${url}${prefix}/instances/${instanceId}`);
    expect(answer.text.includes(headers["x-functions-key"] ?? "")).toBe(hasKey);
    const path = (answer.headers.location ?? "").slice(url.length);
    expect((await get(path, { headers })).status).toBe(200);
    expect((await get(path)).status).toBe(hasKey ? 200 : 401);
  });

  it("in the Location of a start has a key only in the cloud", async () => {
    const { id } = (await call("POST", "orchestrators/script", "[]")).json<{ readonly id: string }>();
    await untilEnded(id);
    const { location = "" } = (await call("POST", `orchestrators/script/${id}`, "[]")).headers;
    expect(location.includes("code=")).toBe(hasKey);
    await untilEnded(id);
  });

  it("by waitForCompletionOrCreateCheckStatusResponse is the output, or a place to look", async () => {
    const { instanceId } = await runLines({ call: "give", input: 7 });
    const ended = await get(`/wait/${instanceId}/1000`);
    expect([ended.status, ended.json()]).toEqual([200, [7]]);
    const id = await startLines(resting);
    const running = await get(`/wait/${id}/100`);
    expect([running.status, running.json()]).toMatchObject([202, { id }]);
    await client("terminate", { id, reason: "over" });
  });
});

it("the client's binding names the hub and a loopback address that needs no key", async () => {
  const binding = (await get("/client-binding")).json<{ readonly rpcBaseUrl: string }>();
  expect(binding).toMatchObject({
    taskHubName: "hostapp",
    connectionName: null,
    baseUrl: expect.stringMatching(/\/runtime\/webhooks\/durabletask$/),
    httpBaseUrl: expect.stringMatching(/\/runtime\/webhooks\/durabletask$/),
    rpcBaseUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\//),
    grpcHttpClientTimeout: null,
    maxGrpcMessageSizeInBytes: expect.any(Number),
  });
  expect((await post("/durable/entity", { body: "{}" })).status).toBe(
    expectedOf("unsupported", { here: 500, real: 200 }),
  );
});
