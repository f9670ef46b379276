import type { OrchestrationContext, OrchestrationHandler } from "durable-functions";
import * as df from "durable-functions";
import { afterEach, describe, expect, it } from "vitest";
import { ManualClock } from "./manual-clock.ts";
import { startDurable, stopDurables } from "./running-durable.ts";

afterEach(stopDurables);

type Body = (context: OrchestrationContext) => Generator<unknown, unknown, unknown>;

const orchestration = (name: string, body: Body): void => {
  df.app.orchestration(name, function* (context: OrchestrationContext) {
    return yield* body(context);
  } as OrchestrationHandler);
};

df.app.activity("works", { handler: (input: unknown) => input });
df.app.activity("boom", {
  handler: () => {
    throw new Error("boom 1 https://x/?sig=secret");
  },
});
df.app.activity("hangs", { handler: () => new Promise(() => undefined) });
df.app.activity("rejectsWithText", {
  handler: () => {
    // oxlint-disable-next-line typescript/only-throw-error -- apps do such things
    throw "no error object";
  },
});

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : "");

orchestration("uncaught", function* ({ df: durable }) {
  return yield durable.callActivity("boom", {});
});
orchestration("caught", function* ({ df: durable }) {
  try {
    return yield durable.callActivity("boom", {});
  } catch (error) {
    return { message: messageOf(error), after: yield durable.callActivity("works", "on") };
  }
});
orchestration("textThrown", function* ({ df: durable }) {
  return yield durable.callActivity("rejectsWithText", {});
});
orchestration("throwing", function* () {
  throw new Error("child bad");
});
orchestration("parentOfThrowing", function* ({ df: durable }) {
  return yield durable.callSubOrchestrator("throwing", {}, "child");
});
orchestration("catchesChild", function* ({ df: durable }) {
  try {
    return yield durable.callSubOrchestrator("throwing", {}, "child");
  } catch (error) {
    return messageOf(error);
  }
});
orchestration("catchesGroup", function* ({ df: durable }) {
  try {
    return yield durable.Task.all([durable.callActivity("boom", {}), durable.callActivity("works", 1)]);
  } catch {
    return yield durable.callActivity("works", "went on");
  }
});
orchestration("parentOfHanging", function* ({ df: durable }) {
  try {
    return yield durable.callSubOrchestrator("hanging", {}, "child");
  } catch (error) {
    return messageOf(error);
  }
});
orchestration("hanging", function* ({ df: durable }) {
  try {
    return yield durable.callActivity("hangs", {});
  } catch (error) {
    return messageOf(error);
  }
});
orchestration("unknownActivity", function* ({ df: durable }) {
  return yield durable.callActivity("nosuch", {});
});
orchestration("unknownChild", function* ({ df: durable }) {
  return yield durable.Task.all([
    durable.callActivity("hangs", {}),
    durable.callSubOrchestrator("nosuch", {}, "child"),
  ]);
});
orchestration("childIsRunning", function* ({ df: durable }) {
  return yield durable.callSubOrchestrator("hanging", {}, "taken");
});
orchestration("largeStatus", function* ({ df: durable }) {
  durable.setCustomStatus({ text: "x".repeat(9_000) });
  return "done";
});
orchestration("yieldsNothing", function* () {
  return yield 1;
});
orchestration("badDate", function* ({ df: durable }) {
  return yield durable.createTimer(new Date(Number.NaN));
});

const retry = new df.RetryOptions(1_000, 2);
const unsupported: Readonly<Record<string, Body>> = {
  *callActivityWithRetry({ df: durable }) {
    return yield durable.callActivityWithRetry("works", retry, {});
  },
  *callSubOrchestratorWithRetry({ df: durable }) {
    return yield durable.callSubOrchestratorWithRetry("throwing", retry, {}, "child");
  },
  *"Task.any"({ df: durable }) {
    return yield durable.Task.any([durable.callActivity("works", 1), durable.callActivity("works", 2)]);
  },
  *waitForExternalEvent({ df: durable }) {
    return yield durable.waitForExternalEvent("Go");
  },
  *continueAsNew({ df: durable }) {
    yield durable.callActivity("works", 1);
    durable.continueAsNew({ n: 1 });
  },
  *callEntity({ df: durable }) {
    return yield durable.callEntity(new df.EntityId("counter", "k"), "add", 1);
  },
  *signalEntity({ df: durable }) {
    durable.signalEntity(new df.EntityId("counter", "k"), "add", 1);
    return yield durable.callActivity("works", 1);
  },
  *callHttp({ df: durable }) {
    return yield durable.callHttp({ method: "GET", url: "http://127.0.0.1:1/" });
  },
  *"A canceled timer"({ df: durable }) {
    const timer = durable.createTimer(new Date(durable.currentUtcDateTime.getTime() + 1_000));
    timer.cancel();
    return yield timer;
  },
};
for (const [name, body] of Object.entries(unsupported)) orchestration(`uses ${name}`.replaceAll(/[ .]/g, "_"), body);

const end = async (name: string): Promise<df.DurableOrchestrationStatus> => {
  const { client, durable } = await startDurable();
  await client.startNew(name, { instanceId: "one", input: {} });
  await durable.idle();
  return client.getStatus("one");
};

describe("an activity that throws", () => {
  it("fails the instance when nobody catches it, with the runtime's details but without credentials", async () => {
    const { runtimeStatus, output } = await end("uncaught");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(
      /^Orchestrator function 'uncaught' failed: Activity function 'boom' failed: {2}boom 1 https:\/\/x\/\[Hidden Credential\] \n \{"\$type":"System\.Exception/,
    );
    expect(output).not.toContain("secret");
  });

  it("is an Error to the orchestrator, which can go on", async () => {
    const { runtimeStatus, output } = await end("caught");
    expect(runtimeStatus).toBe("Completed");
    expect(output).toEqual({
      message: expect.stringMatching(/^Activity function 'boom' failed: {2}boom 1 .* \n \{"\$type"/s),
      after: "on",
    });
  });

  it("may throw anything", async () => {
    expect((await end("textThrown")).output).toContain("Activity function 'rejectsWithText' failed:  no error object");
  });

  it("lets the orchestrator go on after a group once its siblings have ended", async () => {
    expect(await end("catchesGroup")).toMatchObject({ runtimeStatus: "Completed", output: "went on" });
  });

  it("waits for siblings that still run before anything else begins", async () => {
    const begun: string[] = [];
    let endSibling = (): void => undefined;
    const { client, durable, rpc } = await startDurable({
      invokeActivity: (name, { input }) => {
        begun.push(`${name} ${input}`);
        if (name === "boom") throw new Error("boom");
        return new Promise((resolve) => (endSibling = () => resolve("sibling")));
      },
    });
    await client.startNew("catchesGroup", { instanceId: "one", input: {} });
    await expect.poll(async () => (await rpc("instances/one?showHistory=true")).text()).toContain("TaskFailed");
    expect(begun).toEqual(["boom {}", "works 1"]);
    endSibling();
    await expect.poll(() => begun.at(-1)).toBe('works "went on"');
    endSibling();
    await durable.idle();
    expect((await client.getStatus("one")).output).toBe("sibling");
  });
});

describe("a child that fails", () => {
  it("fails its parent in the runtime's words", async () => {
    expect(await end("parentOfThrowing")).toMatchObject({
      runtimeStatus: "Failed",
      output:
        "Orchestrator function 'parentOfThrowing' failed: Orchestrator function 'throwing' failed: child bad \n Message: child bad, StackTrace: ",
    });
  });

  it("can be caught", async () => {
    const { runtimeStatus, output } = await end("catchesChild");
    expect(runtimeStatus).toBe("Completed");
    expect(output).toMatch(/^Orchestrator function 'throwing' failed: child bad/);
  });

  it("tells its parent when it is terminated", async () => {
    const { client } = await startDurable();
    await client.startNew("parentOfHanging", { instanceId: "one", input: {} });
    await expect
      .poll(() =>
        client.getStatus("child").then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await client.terminate("child", "enough");
    await expect.poll(async () => (await client.getStatus("one")).runtimeStatus).toBe("Completed");
    expect((await client.getStatus("one")).output).toContain("enough");
  });

  it("fails its parent when its id belongs to an instance that still runs", async () => {
    const { client } = await startDurable();
    await client.startNew("hanging", { instanceId: "taken", input: {} });
    await client.startNew("childIsRunning", { instanceId: "one", input: {} });
    await expect.poll(async () => (await client.getStatus("one")).runtimeStatus).toBe("Failed");
    expect((await client.getStatus("one")).output).toContain("already exists");
    expect((await client.getStatus("taken")).runtimeStatus).toMatch(/Pending|Running/);
  });
});

describe("an activity that takes longer than functionTimeout", () => {
  it("fails, and its late result changes nothing", async () => {
    const clock = new ManualClock("2026-01-01T00:00:00Z");
    const ended: ((value: unknown) => void)[] = [];
    const { client, durable } = await startDurable({
      clock,
      functionTimeoutMs: 10_000,
      invokeActivity: () => new Promise((resolve) => ended.push(resolve)),
    });
    await client.startNew("hanging", { instanceId: "one", input: {} });
    await expect.poll(() => ended.length).toBe(1);
    clock.advance(9_999);
    expect((await client.getStatus("one")).runtimeStatus).toBe("Running");
    clock.advance(1);
    await durable.idle();
    ended[0]?.("late");
    await durable.idle();
    const { runtimeStatus, output } = await client.getStatus("one");
    expect(runtimeStatus).toBe("Completed");
    expect(output).toContain(
      "Activity function 'hangs' failed:  Timeout value of 00:00:10 was exceeded by function: Functions.hangs",
    );
  });
});

describe("where the real host would wait for ever, the instance fails and says why", () => {
  it("an unknown activity", async () => {
    const { runtimeStatus, output } = await end("unknownActivity");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain("The function 'nosuch' doesn't exist, is disabled, or is not an activity function");
  });

  it("an unknown child, even beside an activity that runs", async () => {
    const { runtimeStatus, output } = await end("unknownChild");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain("The function 'nosuch' doesn't exist, is disabled, or is not an orchestrator function");
  });
});

describe("what the devhost does not support fails the instance by name", () => {
  it.each(Object.keys(unsupported))("%s", async (name) => {
    const { runtimeStatus, output } = await end(`uses ${name}`.replaceAll(/[ .]/g, "_"));
    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain(`${name} is not supported by this host.`);
  });
});

describe("an orchestrator's own mistakes fail the instance", () => {
  it.each([
    ["largeStatus", "The size of the custom status must not exceed 16 KB"],
    ["yieldsNothing", "Orchestration yielded data of type number"],
    ["badDate", "createTimer was given an invalid date"],
  ])("%s", async (name, message) => {
    const { runtimeStatus, output } = await end(name);
    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain(message);
  });

  it("with a line in the log", async () => {
    const { client, durable, log } = await startDurable();
    await client.startNew("throwing", { instanceId: "one", input: {} });
    await durable.idle();
    expect(log).toEqual([expect.stringMatching(/^warning: Instance 'one' failed: .*child bad/)]);
  });
});
