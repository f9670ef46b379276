import { EventType, type HistoryEvent } from "./history-event.ts";
import type { Action } from "./orchestrator-answer.ts";

/** Something to begin, with the number that its completion will carry. */
export type Decision =
  | { readonly kind: "activity"; readonly id: number; readonly name: string; readonly input: unknown }
  | {
      readonly kind: "child";
      readonly id: number;
      readonly name: string;
      readonly input: unknown;
      readonly instanceId: string | undefined;
    }
  | { readonly kind: "timer"; readonly id: number; readonly fireAt: number };

interface Replayed {
  /** What the history does not know yet, by ascending id. */
  readonly decisions: readonly Decision[];
  /** Begun and not ended, the decisions included. */
  readonly openTasks: number;
}

/** The orchestrator now does something else than it did when the history was written. */
export class NonDeterministic extends Error {
  override readonly name = "NonDeterministic";
}

const dayMs = 24 * 60 * 60 * 1000;
/** As told to the SDK, which numbers the segments of a long timer by the same rule. */
export const longTimer = { longestMs: 6 * dayMs, segmentMs: 3 * dayMs } as const;

const described = { activity: "an activity", child: "a sub-orchestration", timer: "a timer" } as const;

/**
 * Does what the Durable extension does with an orchestrator's list of actions: begins each, waits until it has ended
 * (Task.all: until all of it has, also when one failed), ignores failures, goes on to the next. Numbers are given in
 * the order of beginning, depth first; the SDK counts the same way on its own.
 */
class Replay {
  readonly #actions: readonly Action[];
  readonly #undecided = new Map<number, Decision>();
  readonly #open = new Map<number, () => void>();
  #nextId = 0;
  #position = 0;
  #now = 0;

  constructor(actions: readonly Action[]) {
    this.#actions = actions;
  }

  process(event: HistoryEvent): void {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
        this.#now = Math.max(this.#now, Date.parse(event.Timestamp));
        return;
      case EventType.ExecutionStarted:
        return this.#next();
      case EventType.TaskScheduled:
        return this.#confirm("activity", event.EventId, event.Name);
      case EventType.SubOrchestrationInstanceCreated:
        return this.#confirm("child", event.EventId, event.Name);
      case EventType.TimerCreated:
        return this.#confirm("timer", event.EventId);
      case EventType.TimerFired:
        return this.#end(event.TimerId);
      case EventType.TaskCompleted:
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceCompleted:
      case EventType.SubOrchestrationInstanceFailed:
        return this.#end(event.TaskScheduledId);
      case EventType.OrchestratorCompleted:
      case EventType.ExecutionCompleted:
      case EventType.ExecutionTerminated:
    }
  }

  result(): Replayed {
    return { decisions: [...this.#undecided.values()], openTasks: this.#open.size };
  }

  #next(): void {
    const action = this.#actions[this.#position++];
    if (action) this.#begin(action, () => this.#next());
  }

  #begin(action: Action, ended: () => void): void {
    switch (action.kind) {
      case "all": {
        let left = action.actions.length;
        for (const part of action.actions) this.#begin(part, () => --left === 0 && ended());
        return;
      }
      case "timer":
        return this.#beginTimer(action.fireAt, ended);
      case "activity":
      case "child":
        return this.#decide({ ...action, id: this.#nextId++ }, ended);
    }
  }

  #beginTimer(fireAt: number, ended: () => void): void {
    const isLong = fireAt - this.#now > longTimer.longestMs;
    this.#decide(
      { kind: "timer", id: this.#nextId++, fireAt: isLong ? this.#now + longTimer.segmentMs : fireAt },
      isLong ? () => this.#beginTimer(fireAt, ended) : ended,
    );
  }

  #decide(decision: Decision, ended: () => void): void {
    this.#undecided.set(decision.id, decision);
    this.#open.set(decision.id, ended);
  }

  #end(id: number): void {
    const ended = this.#open.get(id);
    this.#open.delete(id);
    ended?.();
  }

  #confirm(kind: Decision["kind"], id: number, name?: string): void {
    const decision = this.#undecided.get(id);
    const before = `A previous execution of this orchestration scheduled ${described[kind]} with sequence ID ${id}${name === undefined ? "" : ` and name '${name}'`}`;
    const question = "Was a change made to the orchestrator code after this instance had already started running?";
    if (!decision)
      throw new NonDeterministic(`${before}, but the current replay hasn't scheduled this task. ${question}`);
    const isSame =
      decision.kind === kind && (decision.kind === "timer" || decision.name.toLowerCase() === name?.toLowerCase());
    if (!isSame) {
      const now = `${described[decision.kind]}${decision.kind === "timer" ? "" : ` with name '${decision.name}'`}`;
      throw new NonDeterministic(`${before}, but the current replay scheduled ${now} in its place. ${question}`);
    }
    this.#undecided.delete(id);
  }
}

/** Throws NonDeterministic when the history holds what the actions no longer ask for. */
export const replay = (history: readonly HistoryEvent[], actions: readonly Action[]): Replayed => {
  const run = new Replay(actions);
  for (const event of history) run.process(event);
  return run.result();
};
