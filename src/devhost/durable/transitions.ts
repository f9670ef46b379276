import { randomUUID } from "node:crypto";
import { childId, episodeEvents, type Outcome } from "./episode.ts";
import { EventType, historyEvent, type HistoryEvent } from "./history-event.ts";
import { activityInput, childFailure, type Failure, jsonText } from "./payload.ts";
import type { Decision } from "./replay.ts";
import {
  type Activity,
  type Instance,
  isOpen,
  type Message,
  type Parent,
  type RuntimeStatus,
  type Store,
} from "./store.ts";

/** How the stored state moves. Each function runs inside one transaction and names whom it woke. */

export interface NewInstance {
  readonly instanceId: string;
  readonly name: string;
  /** JSON text. */
  readonly input: string;
}

/** Creates an instance, or replaces one that has ended. Tells the status of one that has not, and changes nothing. */
export const startInstance = (
  store: Store,
  { instanceId, name, input }: NewInstance,
  now: number,
  parent?: Parent,
): RuntimeStatus | undefined => {
  const existing = store.instance(instanceId);
  if (existing && isOpen(existing.status)) return existing.status;
  if (existing) store.deleteInstance(instanceId);
  const executionId = randomUUID().replaceAll("-", "");
  store.insertInstance({ instanceId, executionId, name, input, created: now }, parent);
  store.post(
    instanceId,
    historyEvent(
      {
        EventType: EventType.ExecutionStarted,
        Name: name,
        Input: input,
        OrchestrationInstance: { InstanceId: instanceId, ExecutionId: executionId },
      },
      now,
    ),
  );
  return undefined;
};

export const terminateInstance = (
  store: Store,
  id: string,
  reason: string,
  now: number,
): "accepted" | "finished" | "missing" => {
  const instance = store.instance(id);
  if (!instance) return "missing";
  if (!isOpen(instance.status)) return "finished";
  store.post(id, historyEvent({ EventType: EventType.ExecutionTerminated, Input: jsonText(reason) }, now));
  return "accepted";
};

export const purgeInstance = (store: Store, id: string): "purged" | "running" | "missing" => {
  const instance = store.instance(id);
  if (!instance) return "missing";
  if (isOpen(instance.status)) return "running";
  store.deleteInstance(id);
  return "purged";
};

export type Completion = { readonly result: string } | { readonly failure: Failure };

const taskEvents = { ended: EventType.TaskCompleted, failed: EventType.TaskFailed } as const;
const childEvents = {
  ended: EventType.SubOrchestrationInstanceCompleted,
  failed: EventType.SubOrchestrationInstanceFailed,
} as const;

const completionEvent = (
  types: typeof taskEvents | typeof childEvents,
  TaskScheduledId: number,
  completion: Completion,
  now: number,
): HistoryEvent => {
  if ("result" in completion)
    return historyEvent({ EventType: types.ended, TaskScheduledId, Result: completion.result }, now);
  const { reason, details } = completion.failure;
  return historyEvent({ EventType: types.failed, TaskScheduledId, Reason: reason, Details: details }, now);
};

const postToParent = (store: Store, parent: Parent, completion: Completion, now: number): void => {
  const receiver = store.instance(parent.id);
  if (!receiver || receiver.executionId !== parent.executionId || !isOpen(receiver.status)) return;
  store.post(parent.id, completionEvent(childEvents, parent.taskId, completion, now));
};

/** An activity that has ended; its completion counts once the episode that processes it is on disk. */
export interface EndedActivity {
  readonly activity: Activity;
  readonly event: HistoryEvent;
}

export const endedActivity = (activity: Activity, completion: Completion, now: number): EndedActivity => ({
  activity,
  event: completionEvent(taskEvents, activity.taskId, completion, now),
});

const startChild = (
  store: Store,
  { instanceId, executionId }: Instance,
  decision: Decision & { readonly kind: "child" },
  now: number,
): string => {
  const parent = { id: instanceId, executionId, taskId: decision.id };
  const child = { instanceId: childId(executionId, decision), name: decision.name, input: jsonText(decision.input) };
  const running = startInstance(store, child, now, parent);
  if (running === undefined) return child.instanceId;
  const message = `An Orchestration instance with the status ${running} already exists.`;
  postToParent(store, parent, { failure: childFailure(message, message) }, now);
  return instanceId;
};

interface Finished {
  readonly instance: Instance;
  /** The messages of the inbox among `fresh`. */
  readonly messages: readonly Message[];
  /** The activities whose completions are among `fresh`. */
  readonly ended: readonly EndedActivity[];
  readonly fresh: readonly HistoryEvent[];
  readonly outcome: Outcome;
  readonly episodeAt: number;
  readonly now: number;
  /** How many of the new activities begin as soon as this is on disk. */
  readonly begin: number;
}

interface Effects {
  /** Instances with new messages. */
  readonly woken: readonly string[];
  readonly activities: readonly Activity[];
}

const begin = (store: Store, episode: Finished): Effects => {
  const { instance, outcome, now } = episode;
  const woken: string[] = [];
  const activities: Activity[] = [];
  for (const decision of outcome.decisions) {
    switch (decision.kind) {
      case "activity": {
        const { id: taskId, name } = decision;
        const attempts = activities.length < episode.begin ? 1 : 0;
        const { instanceId, executionId } = instance;
        const input = activityInput(decision.input);
        activities.push(store.insertActivity({ instanceId, executionId, taskId, name, input, attempts }));
        break;
      }
      case "timer": {
        const FireAt = new Date(decision.fireAt).toISOString();
        const event = historyEvent({ EventType: EventType.TimerFired, TimerId: decision.id, FireAt }, decision.fireAt);
        // Since the clock was put back, the orchestration's own may be ahead of it.
        store.post(instance.instanceId, event, Math.max(1, decision.fireAt - Math.max(0, episode.episodeAt - now)));
        break;
      }
      case "child":
        woken.push(startChild(store, instance, decision, now));
    }
  }
  return { woken, activities };
};

/** Takes an episode's messages out of the inbox and puts its results in their places: all of it, or nothing. */
export const finishEpisode = (store: Store, episode: Finished): Effects => {
  const { instance, fresh, outcome, episodeAt, now } = episode;
  const { output, status, customStatus = instance.customStatus } = outcome;
  for (const { seq } of episode.messages) store.deleteMessage(seq);
  for (const { activity } of episode.ended) store.deleteActivity(activity.seq);
  store.appendHistory(instance.instanceId, episodeEvents(instance, fresh, outcome, episodeAt));
  store.updateInstance({ ...instance, status, output, customStatus, updated: now });
  if (status === "Running") return begin(store, episode);
  store.dropPending(instance.instanceId);
  const { parentId, parentExecutionId, parentTaskId } = instance;
  if (parentId === null || parentExecutionId === null || parentTaskId === null) return { woken: [], activities: [] };
  const parent = { id: parentId, executionId: parentExecutionId, taskId: parentTaskId };
  postToParent(store, parent, outcome.failure ? { failure: outcome.failure } : { result: output ?? "null" }, now);
  return { woken: [parentId], activities: [] };
};
