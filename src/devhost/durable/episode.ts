import { EventType, historyEvent, type HistoryEvent, timestamp } from "./history-event.ts";
import { type Answer, parseAnswer, parseThrown } from "./orchestrator-answer.ts";
import { childFailure, type Failure, jsonText } from "./payload.ts";
import { type Decision, longTimer, NonDeterministic, replay } from "./replay.ts";
import { sanitize } from "./sanitize.ts";
import { messageOf } from "../message-of.ts";

/** What the engine does after an episode. */
export interface Outcome {
  readonly status: "Running" | "Completed" | "Failed" | "Terminated";
  readonly decisions: readonly Decision[];
  /** JSON text, null while running. */
  readonly output: string | null;
  /** JSON text; keeps the last one when undefined. */
  readonly customStatus: string | null | undefined;
  /** What a parent is told, unless the status is Completed. */
  readonly failure: Failure | undefined;
}

interface Names {
  isOrchestrator(name: string): boolean;
  isActivity(name: string): boolean;
}

interface Orchestrator {
  readonly instanceId: string;
  readonly executionId: string;
  readonly name: string;
  /** JSON text. */
  readonly input: string;
  readonly parentId: string | null;
}

/** The clock of an episode never runs backwards and is never before a timer that fired in it. */
export const episodeTime = (now: number, past: readonly HistoryEvent[], messages: readonly HistoryEvent[]): number => {
  const started = past.findLast((event) => event.EventType === EventType.OrchestratorStarted);
  const fired = messages.map((event) => (event.EventType === EventType.TimerFired ? Date.parse(event.FireAt) : 0));
  return Math.max(now, started ? Date.parse(started.Timestamp) : 0, ...fired);
};

const dotNetDays = (milliseconds: number): string => `${milliseconds / (24 * 60 * 60 * 1000)}.00:00:00`;

/** The orchestration trigger's data. `pastText` is the stored history, events separated by commas. */
export const triggerInput = (
  { instanceId, input, parentId }: Orchestrator,
  pastText: string,
  fresh: readonly HistoryEvent[],
): string => {
  const freshText = fresh.map((event) => JSON.stringify({ ...event, IsPlayed: false })).join(",");
  const rest = JSON.stringify({
    instanceId,
    isReplaying: pastText !== "",
    parentInstanceId: parentId,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 2,
    longRunningTimerIntervalDuration: dotNetDays(longTimer.segmentMs),
    maximumShortTimerDuration: dotNetDays(longTimer.longestMs),
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  });
  return `{"history":[${pastText}${pastText && ","}${freshText}],"input":${input},${rest.slice(1)}`;
};

const failed = (name: string, message: string): Outcome => {
  const output = `Orchestrator function '${name}' failed: ${sanitize(message)}`;
  return {
    status: "Failed",
    decisions: [],
    output: jsonText(output),
    customStatus: undefined,
    failure: childFailure(output, sanitize(message)),
  };
};

export const terminated = (reason: string): Outcome => ({
  status: "Terminated",
  decisions: [],
  output: jsonText(reason),
  customStatus: undefined,
  failure: childFailure(reason, reason),
});

export const unknownOrchestrator = (name: string): Outcome => {
  const message = `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function.`;
  return { ...failed(name, message), output: jsonText(message), failure: childFailure(message, message) };
};

const maxCustomStatusBytes = 16 * 1024;

/** Why decisions cannot be carried out. */
const impossible = (decisions: readonly Decision[], names: Names): string | undefined => {
  for (const decision of decisions) {
    if (decision.kind === "activity" && !names.isActivity(decision.name))
      return `The function '${decision.name}' doesn't exist, is disabled, or is not an activity function.`;
    if (decision.kind === "child" && !names.isOrchestrator(decision.name))
      return `The function '${decision.name}' doesn't exist, is disabled, or is not an orchestrator function.`;
    // The store would cut it there: the child would not be found again.
    if (decision.kind === "child" && decision.instanceId?.includes("\0"))
      return "The id of a sub-orchestration holds a NUL character.";
  }
  return undefined;
};

const outcomeOf = (name: string, history: readonly HistoryEvent[], answer: Answer, names: Names): Outcome => {
  const { decisions, openTasks } = replay(history, answer.actions);
  const reason = impossible(decisions, names);
  if (reason !== undefined) return failed(name, reason);
  const customStatus = answer.customStatus === undefined ? null : jsonText(answer.customStatus);
  if (customStatus !== null && customStatus.length * 2 > maxCustomStatusBytes)
    return failed(name, "The size of the custom status must not exceed 16 KB of UTF-16 text.");
  if (openTasks > 0) return { status: "Running", decisions, output: null, customStatus, failure: undefined };
  if (answer.error !== undefined) return { ...failed(name, answer.error), customStatus };
  if (answer.isDone)
    return { status: "Completed", decisions, output: jsonText(answer.output), customStatus, failure: undefined };
  return failed(
    name,
    "It waits for a task that was never scheduled (an unfinished task was yielded again?). The real host would wait for ever.",
  );
};

/** Decides what follows from what the orchestrator answered or threw, given its whole history. */
export const conclude = (
  name: string,
  history: readonly HistoryEvent[],
  settled: PromiseSettledResult<unknown>,
  names: Names,
): Outcome => {
  try {
    const answer = settled.status === "fulfilled" ? parseAnswer(settled.value) : parseThrown(settled.reason);
    return outcomeOf(name, history, answer, names);
  } catch (error) {
    const message = messageOf(error);
    return failed(
      name,
      error instanceof NonDeterministic ? `Non-Deterministic workflow detected: ${message}` : message,
    );
  }
};

/** The history entries of one episode, decisions by ascending id. */
export const episodeEvents = (
  { executionId }: Orchestrator,
  fresh: readonly HistoryEvent[],
  outcome: Outcome,
  at: number,
): readonly HistoryEvent[] => {
  const decided = outcome.decisions.map((decision) => {
    switch (decision.kind) {
      case "activity":
        return historyEvent({ EventType: EventType.TaskScheduled, Name: decision.name }, at, decision.id);
      case "timer":
        return historyEvent({ EventType: EventType.TimerCreated, FireAt: timestamp(decision.fireAt) }, at, decision.id);
      case "child":
        return historyEvent(
          {
            EventType: EventType.SubOrchestrationInstanceCreated,
            Name: decision.name,
            InstanceId: childId(executionId, decision),
            Input: jsonText(decision.input),
          },
          at,
          decision.id,
        );
    }
  });
  const finished =
    outcome.status === "Running"
      ? []
      : [
          historyEvent(
            {
              EventType: EventType.ExecutionCompleted,
              OrchestrationStatus: outcome.status,
              Result: outcome.output ?? "null",
            },
            at,
          ),
        ];
  return [...fresh, ...decided, ...finished, historyEvent({ EventType: EventType.OrchestratorCompleted }, at)];
};

export const childId = (executionId: string, decision: Decision & { readonly kind: "child" }): string =>
  decision.instanceId ?? `${executionId}:${decision.id}`;
