import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { itHere } from "./differences.ts";
import { client, run, runLines, startLines, statusOf, untilEnded } from "./durable.ts";

const boom = (input: string) => ({ call: "boom", input }) as const;

describe("an activity that throws", () => {
  it("is an error that says so to the orchestrator, which can go on", async () => {
    const { runtimeStatus, output } = await runLines({ attempt: boom("no luck") }, { call: "give", input: 1 });
    expect(runtimeStatus).toBe("Completed");
    expect(output).toEqual([{ caught: expect.stringMatching(/^Activity function 'boom' failed: +no luck/) }, 1]);
  });

  it("fails the instance when nobody catches it", async () => {
    const { runtimeStatus, output } = await runLines(boom("no luck"), { call: "give", input: 1 });
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/^Orchestrator function 'script' failed: Activity function 'boom' failed: +no luck/);
  });

  it("fails the group it is in, its siblings ending all the same", async () => {
    const group = { all: [{ call: "give", input: 1 }, boom("no luck"), { call: "give", input: 2 }] } as const;
    const { output } = await runLines({ attempt: group }, { call: "give", input: 3 });
    expect(output).toEqual([{ caught: expect.stringContaining("no luck") }, 3]);
  });

  it("has whatever looks like a credential taken out of its message", async () => {
    const { output } = await runLines({ attempt: boom("url https://x/?sig=abc key=def") });
    const [{ caught }] = output as readonly [{ readonly caught: string }];
    expect(caught).toMatch(/failed: +url https:\/\/x\/\[Hidden Credential\]\s*\n/);
    expect(caught).not.toMatch(/sig=abc|key=def/);
  });

  it("succeeds in a later attempt of the orchestrator's own", async () => {
    const attempts = [boom("1"), boom("2")].map((attempt) => ({ attempt }));
    const { output } = await runLines(...attempts, { call: "give", input: "third" });
    expect(output).toEqual([expect.anything(), expect.anything(), "third"]);
  });
});

describe("an orchestrator that throws", () => {
  it("fails with its name and the message", async () => {
    expect(await runLines({ call: "give", input: 1 }, { fail: "bad thing" })).toMatchObject({
      runtimeStatus: "Failed",
      output: "Orchestrator function 'script' failed: bad thing",
    });
  });

  it("keeps its custom status", async () => {
    expect((await runLines({ status: "so far" }, { fail: "bad thing" })).customStatus).toBe("so far");
  });

  it("as a child is an error to its parent, which can go on", async () => {
    const id = randomUUID();
    const { output } = await runLines({ attempt: { child: "script", id, input: [{ fail: "child bad" }] } });
    expect(output).toEqual([{ caught: expect.stringContaining("child bad") }]);
    expect((await statusOf(id)).runtimeStatus).toBe("Failed");
  });

  it("as a child fails a parent that does not catch it", async () => {
    const { runtimeStatus, output } = await runLines({ child: "script", input: [{ fail: "child bad" }] });
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/^Orchestrator function 'script' failed: .*child bad/);
  });

  it("when it is replayed, for not doing what it did before, fails", async () => {
    const { runtimeStatus, output } = await run("fickle");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/previous execution of this orchestration scheduled/i);
  });
});

describe("a child that is terminated", () => {
  it("is an error to its parent", async () => {
    const id = randomUUID();
    const parent = await startLines({ attempt: { child: "script", id, input: [{ sleepMs: 60_000 }] } });
    const isRunning = async (): Promise<boolean> =>
      statusOf(id).then(
        ({ runtimeStatus }) => runtimeStatus === "Running",
        () => false,
      );
    while (!(await isRunning()));
    await client("terminate", { id, reason: "child over" });
    expect((await untilEnded(parent)).output).toEqual([{ caught: expect.stringContaining("child over") }]);
  });
});

describe("a name that nobody registered", () => {
  itHere("unknown-step", "fails the instance at once as an activity, where the cloud would wait for ever", async () => {
    const { runtimeStatus, output } = await runLines({ call: "nosuch" });
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/The function 'nosuch' doesn't exist, is disabled, or is not an activity function/);
  });

  itHere("unknown-step", "fails the instance at once as a child, where the cloud would wait for ever", async () => {
    const { runtimeStatus, output } = await runLines({ child: "nosuch" });
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/The function 'nosuch' doesn't exist, is disabled, or is not an orchestrator function/);
  });

  itHere("unknown-step", "cannot be caught: nothing would have thrown in the cloud", async () => {
    expect((await runLines({ attempt: { call: "nosuch" } })).runtimeStatus).toBe("Failed");
  });
});

describe("what the devhost does not run fails the instance by its name", () => {
  for (const [use, name] of [
    ["any", "Task.any"],
    ["event", "waitForExternalEvent"],
    ["callWithRetry", "callActivityWithRetry"],
    ["childWithRetry", "callSubOrchestratorWithRetry"],
    ["entity", "callEntity"],
    ["signal", "signalEntity"],
    ["http", "callHttp"],
    ["canceledTimer", "A canceled timer"],
  ] as const)
    itHere("unsupported", name, async () => {
      const { runtimeStatus, output } = await runLines({ use });
      expect(runtimeStatus).toBe("Failed");
      expect(output).toContain(`${name} is not supported by this host`);
    });

  itHere("unsupported", "continueAsNew", async () => {
    const { runtimeStatus, output } = await runLines({ again: [] });
    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain("continueAsNew is not supported by this host");
  });

  for (const operation of ["raiseEvent", "suspend", "resume", "rewind", "entity"])
    itHere("unsupported", `the client's ${operation} rejects`, async () => {
      const { instanceId: id } = await runLines();
      await expect(client(operation, { id, name: "go", data: 1 })).rejects.toThrow(/not supported by this host/);
    });
});
