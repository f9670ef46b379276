import { describe, expect, it } from "vitest";
import { conclude } from "../../../src/devhost/durable/episode.ts";
import { EventType, historyEvent, type HistoryEvent } from "../../../src/devhost/durable/history-event.ts";
import type { Action } from "../../../src/devhost/durable/orchestrator-answer.ts";
import { replay } from "../../../src/devhost/durable/replay.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const day = 24 * 60 * 60 * 1000;

const began = (at: number): HistoryEvent => historyEvent({ EventType: EventType.OrchestratorStarted }, at);
const executionStarted = historyEvent(
  {
    EventType: EventType.ExecutionStarted,
    Name: "o",
    Input: "{}",
    OrchestrationInstance: { InstanceId: "i", ExecutionId: "e" },
  },
  start,
);
const opening = [began(start), executionStarted];
const scheduled = (id: number, Name: string): HistoryEvent =>
  historyEvent({ EventType: EventType.TaskScheduled, Name }, start, id);
const completed = (id: number): HistoryEvent =>
  historyEvent({ EventType: EventType.TaskCompleted, TaskScheduledId: id, Result: "null" }, start);
const failed = (id: number): HistoryEvent =>
  historyEvent({ EventType: EventType.TaskFailed, TaskScheduledId: id, Reason: "r", Details: "d" }, start);
const timerCreated = (id: number, at: number): HistoryEvent =>
  historyEvent({ EventType: EventType.TimerCreated, FireAt: new Date(at).toISOString() }, start, id);
const fired = (id: number, at: number): readonly HistoryEvent[] => [
  began(at),
  historyEvent({ EventType: EventType.TimerFired, TimerId: id, FireAt: new Date(at).toISOString() }, at),
];

const activity = (name: string): Action => ({ kind: "activity", name, input: {} });
const child = (name: string): Action => ({ kind: "child", name, input: {}, instanceId: undefined });
const all = (...actions: readonly Action[]): Action => ({ kind: "all", actions });
const timer = (fireAt: number): Action => ({ kind: "timer", fireAt });

const ids = (history: readonly HistoryEvent[], actions: readonly Action[]): readonly (readonly [number, string])[] =>
  replay(history, actions).decisions.map((decision) => [
    decision.id,
    decision.kind === "timer" ? new Date(decision.fireAt).toISOString() : decision.name,
  ]);

describe("actions are begun", () => {
  it("one after the other, each when the one before has ended", () => {
    const actions = [activity("a"), activity("b"), activity("c")];
    expect(ids(opening, actions)).toEqual([[0, "a"]]);
    const afterA = [...opening, scheduled(0, "a"), completed(0)];
    expect(ids(afterA, actions)).toEqual([[1, "b"]]);
    expect(ids([...afterA, scheduled(1, "b"), failed(1)], actions)).toEqual([[2, "c"]]);
  });

  it("not before the execution has started", () => {
    expect(ids([began(start)], [activity("a")])).toEqual([]);
  });

  it("as a group at once, numbered depth first, the next one when all have ended", () => {
    const actions = [all(activity("a"), all(activity("b"), child("c")), timer(start + 1_000)), activity("d")];
    expect(ids(opening, actions)).toEqual([
      [0, "a"],
      [1, "b"],
      [2, "c"],
      [3, "2026-01-01T00:00:01.000Z"],
    ]);
    const someEnded = [
      ...opening,
      scheduled(0, "a"),
      scheduled(1, "b"),
      historyEvent(
        { EventType: EventType.SubOrchestrationInstanceCreated, Name: "c", InstanceId: "e:2", Input: "{}" },
        start,
        2,
      ),
      timerCreated(3, start + 1_000),
      failed(0),
      completed(1),
      ...fired(3, start + 1_000),
    ];
    expect(ids(someEnded, actions)).toEqual([]);
    expect(replay(someEnded, actions).openTasks).toBe(1);
    const childEnded = historyEvent(
      { EventType: EventType.SubOrchestrationInstanceCompleted, TaskScheduledId: 2, Result: "1" },
      start,
    );
    expect(ids([...someEnded, childEnded], actions)).toEqual([[4, "d"]]);
  });

  it("once, however often a completion is repeated", () => {
    const actions = [activity("a"), activity("b")];
    expect(ids([...opening, scheduled(0, "a"), completed(0), completed(0)], actions)).toEqual([[1, "b"]]);
  });
});

describe("a timer", () => {
  it("of six days is one", () => {
    expect(ids(opening, [timer(start + 6 * day)])).toEqual([[0, "2026-01-07T00:00:00.000Z"]]);
  });

  it("over six days is cut into parts of three, numbered as they begin, as the SDK expects", () => {
    const actions = [timer(start + 10 * day), activity("after")];
    expect(ids(opening, actions)).toEqual([[0, "2026-01-04T00:00:00.000Z"]]);
    const first = [...opening, timerCreated(0, start + 3 * day), ...fired(0, start + 3 * day)];
    expect(ids(first, actions)).toEqual([[1, "2026-01-07T00:00:00.000Z"]]);
    const second = [...first, timerCreated(1, start + 6 * day), ...fired(1, start + 6 * day)];
    expect(ids(second, actions)).toEqual([[2, "2026-01-11T00:00:00.000Z"]]);
    const last = [...second, timerCreated(2, start + 10 * day), ...fired(2, start + 10 * day)];
    expect(ids(last, actions)).toEqual([[3, "after"]]);
  });
});

describe("a history that the orchestrator no longer produces is refused", () => {
  const question = "Was a change made to the orchestrator code after this instance had already started running?";

  it.each([
    ["a step that is gone", [], "scheduled an activity with sequence ID 0 and name 'a', but the current replay hasn't"],
    ["another name", [activity("x")], "the current replay scheduled an activity with name 'x' in its place"],
    ["another kind", [child("a")], "the current replay scheduled a sub-orchestration with name 'a' in its place"],
    ["a timer in its place", [timer(start)], "the current replay scheduled a timer in its place"],
  ] as const)("%s", (_change, actions, message) => {
    const history = [...opening, scheduled(0, "a")];
    expect(() => replay(history, actions)).toThrow(message);
    expect(() => replay(history, actions)).toThrow(question);
  });

  it("and the instance fails with the runtime's words", () => {
    const state = { isDone: true, actions: [[]], schemaVersion: 2 };
    const names = { isActivity: () => true, isOrchestrator: () => true };
    const outcome = conclude("o", [...opening, scheduled(0, "a")], { status: "fulfilled", value: state }, names);
    expect(outcome.status).toBe("Failed");
    expect(outcome.output).toContain(
      "Orchestrator function 'o' failed: Non-Deterministic workflow detected: A previous",
    );
  });

  it("but a name in other letter case is the same", () => {
    expect(ids([...opening, scheduled(0, "A")], [activity("a")])).toEqual([]);
  });
});

describe("an answer is concluded", () => {
  const names = { isActivity: () => true, isOrchestrator: () => true };
  const of = (value: unknown, history: readonly HistoryEvent[] = opening) =>
    conclude("o", history, { status: "fulfilled", value }, names);

  it("as running while anything is open, even when the orchestrator has returned", () => {
    const state = { isDone: true, actions: [[{ actionType: 0, functionName: "a", input: 1 }]], output: 5 };
    expect(of(state)).toMatchObject({ status: "Running", output: null });
    expect(of(state, [...opening, scheduled(0, "a"), completed(0)])).toMatchObject({
      status: "Completed",
      output: "5",
    });
  });

  it("as failed when nothing is left that could ever wake it", () => {
    const outcome = of({ isDone: false, actions: [[]] });
    expect(outcome.status).toBe("Failed");
    expect(outcome.output).toContain("waits for a task that was never scheduled");
  });

  it.each([
    ["nothing", undefined],
    ["a text", "hello"],
    ["no actions", { isDone: true }],
    ["an action that is none", { isDone: true, actions: [[5]] }],
    ["an activity without name", { isDone: true, actions: [[{ actionType: 0 }]] }],
    ["an action of the future", { isDone: true, actions: [[{ actionType: 99 }]] }],
  ])("as failed when it is %s", (_what, value) => {
    expect(of(value).status).toBe("Failed");
  });

  it("as failed with the error of an orchestrator that threw, or of a host that could not call it", () => {
    const thrown = (message: string) =>
      conclude("o", opening, { status: "rejected", reason: new Error(message) }, names).output;
    expect(
      thrown('false\n\n$OutOfProcData$:{"isDone":false,"actions":[[]],"schemaVersion":2,"error":"bad thing"}'),
    ).toBe(`"Orchestrator function 'o' failed: bad thing"`);
    expect(thrown("cannot load")).toBe(`"Orchestrator function 'o' failed: cannot load"`);
  });
});
