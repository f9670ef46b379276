import { EventType, type HistoryEvent } from "./history-event.ts";
import { isOpen, type Instance } from "./store.ts";

export interface StatusOptions {
  readonly showInput: boolean;
  readonly showHistory: boolean;
  readonly showHistoryOutput: boolean;
}

const wholeSeconds = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

const value = (json: string | null): unknown => (json === null ? null : JSON.parse(json));

const eventName = Object.fromEntries(Object.entries(EventType).map(([name, type]) => [type, name]));

const withResult = (result: string, { showHistoryOutput }: StatusOptions): object =>
  showHistoryOutput ? { Result: value(result) } : {};

/** The history as people see it: an entry per thing that began and ended, the end carrying name and time of both. */
const historyEvents = (events: readonly HistoryEvent[], options: StatusOptions): readonly object[] => {
  const scheduled = new Map<number, object>();
  const decided = (event: HistoryEvent & { readonly Name: string }): undefined =>
    void scheduled.set(event.EventId, { FunctionName: event.Name, ScheduledTime: event.Timestamp });
  const shown = (event: HistoryEvent): object | undefined => {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
      case EventType.OrchestratorCompleted:
        return undefined;
      case EventType.TaskScheduled:
      case EventType.SubOrchestrationInstanceCreated:
        return decided(event);
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        return { ...withResult(event.Result, options), ...scheduled.get(event.TaskScheduledId) };
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        return { Reason: event.Reason, Details: event.Details, ...scheduled.get(event.TaskScheduledId) };
      case EventType.ExecutionStarted:
        return { ...(options.showInput ? { Input: value(event.Input) } : {}), FunctionName: event.Name };
      case EventType.ExecutionCompleted:
        return { OrchestrationStatus: event.OrchestrationStatus, ...withResult(event.Result, options) };
      case EventType.ExecutionTerminated:
        return {};
      case EventType.TimerCreated:
      case EventType.TimerFired:
        return { FireAt: event.FireAt };
    }
  };
  return events.flatMap((event) => {
    const fields = shown(event);
    return fields ? [{ EventType: eventName[event.EventType], Timestamp: event.Timestamp, ...fields }] : [];
  });
};

/** An instance as the durable client reads it. */
export const statusBody = (
  instance: Instance,
  options: StatusOptions,
  history: () => readonly HistoryEvent[],
): object => ({
  name: instance.name,
  instanceId: instance.instanceId,
  runtimeStatus: instance.status,
  input: options.showInput ? value(instance.input) : null,
  customStatus: value(instance.customStatus),
  output: value(instance.output),
  createdTime: wholeSeconds(instance.created),
  lastUpdatedTime: wholeSeconds(instance.updated),
  ...(options.showHistory ? { historyEvents: historyEvents(history(), options) } : {}),
});

/** 202 tells a poller to come again. */
export const statusCode = (instance: Instance): 200 | 202 => (isOpen(instance.status) ? 202 : 200);
