import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { get } from "./call.ts";
import { client, run, runLines, start, startLines, type Status, statusOf, untilEnded } from "./durable.ts";

const resting = { call: "rest", input: { milliseconds: 5_000 } } as const;

/** Once the orchestration has begun. */
const untilRunning = async (id: string): Promise<Status> => {
  for (;;) {
    const status = await statusOf(id);
    if (status.runtimeStatus !== "Pending") return status;
    await pause(10);
  }
};

describe("starting", () => {
  it("runs an orchestration to its output", async () => {
    const status = await runLines({ call: "give", input: 7 });
    expect([status.runtimeStatus, status.output]).toEqual(["Completed", [7]]);
  });

  it("makes up an id where none is given, or an empty one", async () => {
    const ids = [await client<string>("start", { name: "script" }), await start("script", { instanceId: "" })];
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect((await untilEnded(id)).instanceId).toBe(id);
  });

  it("refuses the id of an instance that runs", async () => {
    const id = await startLines(resting);
    await untilRunning(id);
    const message = /409.*An Orchestration instance with the status Running already exists/s;
    await expect(start("script", { instanceId: id })).rejects.toThrow(message);
    await client("terminate", { id, reason: "over" });
  });

  it("replaces an instance that has ended", async () => {
    const { instanceId } = await runLines({ call: "give", input: "first" });
    const status = await run("script", { instanceId, input: [{ call: "give", input: "second" }] });
    expect(status.output).toEqual(["second"]);
  });

  it("accepts an orchestrator nobody registered, whose instance fails and names it", async () => {
    const status = await run("nosuch");
    expect(status.runtimeStatus).toBe("Failed");
    expect(status.output).toMatch(
      /The function 'nosuch' doesn't exist, is disabled, or is not an orchestrator function/,
    );
  });

  it("finds an orchestrator in any letter case", async () => {
    expect((await run("SCRIPT", { input: [{ call: "GIVE", input: 1 }] })).output).toEqual([1]);
  });

  it("of the same id twice at once runs it once", async () => {
    const instanceId = randomUUID();
    const topic = randomUUID();
    const input = [{ call: "noted", input: { topic, milliseconds: 300 } }];
    const starts = await Promise.allSettled([1, 2, 3].map(() => start("script", { instanceId, input })));
    expect(starts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await untilEnded(instanceId);
    expect((await get(`/journal/${topic}`)).json()).toEqual(["began", "ended"]);
  });
});

describe("an instance's id", () => {
  const unique = randomUUID();

  it.each([`@${unique}`, `${unique} with blanks`, `${unique}-äöü`, `${unique}'"`, `${unique}${"x".repeat(257)}`])(
    "may be %s",
    async (instanceId) => {
      expect((await run("script", { instanceId, input: [] })).instanceId).toBe(instanceId);
    },
  );

  it.each([`${unique}/b`, `${unique}\\b`, `${unique}%2Fb`])("may not be %s", async (instanceId) => {
    await expect(start("script", { instanceId, input: [] })).rejects.toThrow(/404/);
  });

  it.each(["?", "#"])("ends at %s", async (mark) => {
    const id = `${randomUUID()}cut`;
    await start("script", { instanceId: `${id}${mark}b`, input: [] });
    expect((await untilEnded(id)).instanceId).toBe(id);
  });
});

describe("reading", () => {
  it("shows an instance with times in whole seconds", async () => {
    const { instanceId } = await runLines({ status: { step: 1 } }, { call: "give", input: 1 });
    const status = await statusOf(instanceId);
    expect(status).toEqual({
      name: "script",
      instanceId,
      runtimeStatus: "Completed",
      input: [{ status: { step: 1 } }, { call: "give", input: 1 }],
      customStatus: { step: 1 },
      output: [1],
      createdTime: expect.stringMatching(/:\d\d\.000Z$/),
      lastUpdatedTime: expect.stringMatching(/:\d\d\.000Z$/),
    });
  });

  it("shows one that runs, without an output", async () => {
    const id = await startLines(resting);
    expect(await untilRunning(id)).toMatchObject({ runtimeStatus: "Running", output: null, customStatus: null });
    await client("terminate", { id, reason: "over" });
  });

  it("rejects for an instance that is missing", async () => {
    await expect(statusOf("nosuch")).rejects.toThrow(/404/);
  });

  it("lists all instances, and those of a time and a status", async () => {
    const from = new Date(Date.now() - 1_000).toISOString();
    const { instanceId } = await runLines({ fail: "on purpose" });
    const to = new Date(Date.now() + 1_000).toISOString();
    const idsBy = async (given: object): Promise<readonly string[]> =>
      (await client<readonly Status[]>("statusBy", given)).map((status) => status.instanceId);
    const everything = await client<readonly Status[]>("statusAll", {});
    expect(everything.map((status) => status.instanceId)).toContain(instanceId);
    expect(await idsBy({ from, to, statuses: ["Failed"] })).toContain(instanceId);
    expect(await idsBy({ from, to, statuses: ["Completed", "Failed"] })).toContain(instanceId);
    expect(await idsBy({ from, to, statuses: ["Completed"] })).not.toContain(instanceId);
    expect(await idsBy({ from: "2020-01-01", to: from, statuses: ["Failed"] })).not.toContain(instanceId);
  });
});

describe("terminating", () => {
  it("ends an instance at once with the reason as its output, cut at an ampersand", async () => {
    const id = await startLines(resting);
    await untilRunning(id);
    await client("terminate", { id, reason: "no longer needed & more" });
    const { runtimeStatus, output } = await untilEnded(id);
    expect([runtimeStatus, String(output).trim()]).toEqual(["Terminated", "no longer needed"]);
  });

  it("drops the result of an activity that runs, though that goes on to its end", async () => {
    const topic = randomUUID();
    const entries = async () => (await get(`/journal/${topic}`)).json<readonly string[]>();
    const id = await startLines({ call: "noted", input: { topic, milliseconds: 400 } });
    while ((await entries()).length === 0) await pause(10);
    await client("terminate", { id, reason: "over" });
    await untilEnded(id);
    while ((await entries()).length < 2) await pause(10);
    expect(await statusOf(id)).toMatchObject({ runtimeStatus: "Terminated", output: "over" });
  });

  it("of an instance that has ended changes nothing and resolves", async () => {
    const { instanceId } = await runLines({ call: "give", input: 1 });
    await client("terminate", { id: instanceId, reason: "too late" });
    expect(await statusOf(instanceId)).toMatchObject({ runtimeStatus: "Completed", output: [1] });
  });

  it("rejects for an instance that is missing", async () => {
    await expect(client("terminate", { id: "nosuch", reason: "x" })).rejects.toThrow(/No instance|404/);
  });
});

describe("purging", () => {
  it("forgets an instance that has ended", async () => {
    const { instanceId } = await runLines({ call: "give", input: 1 });
    expect(await client("purge", { id: instanceId })).toEqual({ instancesDeleted: 1 });
    await expect(statusOf(instanceId)).rejects.toThrow(/404/);
  });

  it("of an instance that runs is refused", async () => {
    const id = await startLines(resting);
    await untilRunning(id);
    await expect(client("purge", { id })).rejects.toThrow(/412/);
    expect(await statusOf(id)).toMatchObject({ runtimeStatus: "Running" });
    await client("terminate", { id, reason: "over" });
  });

  it("of an instance that is missing resolves with none", async () => {
    expect(await client("purge", { id: "nosuch" })).toEqual({ instancesDeleted: 0 });
  });

  it("by time and status forgets those and no others", async () => {
    const from = new Date(Date.now() - 1_000).toISOString();
    const kept = (await runLines({ call: "give", input: 1 })).instanceId;
    const running = await startLines(resting);
    const gone = await startLines(resting);
    await untilRunning(gone);
    await client("terminate", { id: gone, reason: "over" });
    await untilEnded(gone);
    const to = new Date(Date.now() + 1_000).toISOString();
    const { instancesDeleted } = await client<{ readonly instancesDeleted: number }>("purgeBy", {
      from,
      to,
      statuses: ["Terminated"],
    });
    expect(instancesDeleted).toBeGreaterThan(0);
    await expect(statusOf(gone)).rejects.toThrow(/404/);
    expect((await statusOf(kept)).runtimeStatus).toBe("Completed");
    expect((await untilRunning(running)).runtimeStatus).toBe("Running");
    await client("terminate", { id: running, reason: "over" });
  });
});
