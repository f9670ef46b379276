/** The history entries of DurableTask.Core that durable-functions and the replay know; names and numbers are theirs. */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
} as const;

type Types = typeof EventType;

/** Fields as they are on the wire. Input and Result are JSON text. */
type Body =
  | { readonly EventType: Types["OrchestratorStarted" | "OrchestratorCompleted"] }
  | {
      readonly EventType: Types["ExecutionStarted"];
      readonly Name: string;
      readonly Input: string;
      readonly OrchestrationInstance: { readonly InstanceId: string; readonly ExecutionId: string };
    }
  | { readonly EventType: Types["ExecutionCompleted"]; readonly OrchestrationStatus: string; readonly Result: string }
  | { readonly EventType: Types["ExecutionTerminated"]; readonly Input: string }
  | { readonly EventType: Types["TaskScheduled"]; readonly Name: string }
  | {
      readonly EventType: Types["SubOrchestrationInstanceCreated"];
      readonly Name: string;
      readonly InstanceId: string;
      readonly Input: string;
    }
  | { readonly EventType: Types["TimerCreated"]; readonly FireAt: string }
  | { readonly EventType: Types["TimerFired"]; readonly TimerId: number; readonly FireAt: string }
  | {
      readonly EventType: Types["TaskCompleted" | "SubOrchestrationInstanceCompleted"];
      readonly TaskScheduledId: number;
      readonly Result: string;
    }
  | {
      readonly EventType: Types["TaskFailed" | "SubOrchestrationInstanceFailed"];
      readonly TaskScheduledId: number;
      readonly Reason: string;
      readonly Details: string;
    };

export type HistoryEvent = Body & {
  /** The task id of a decision; -1 for everything else. */
  readonly EventId: number;
  readonly IsPlayed: boolean;
  readonly Timestamp: string;
};

/** A time as .NET writes it: seven decimals. */
export const timestamp = (milliseconds: number): string => new Date(milliseconds).toISOString().replace("Z", "0000Z");

/** Events are kept as already played; the episode that first sees one says otherwise. */
export const historyEvent = <B extends Body>(body: B, at: number, id = -1): B & Omit<HistoryEvent, keyof Body> => ({
  EventId: id,
  IsPlayed: true,
  Timestamp: timestamp(at),
  ...body,
});

/** Reads events that this program wrote as JSON, separated by commas. */
export const parseEvents = (text: string): readonly HistoryEvent[] =>
  JSON.parse(`[${text}]`) as readonly HistoryEvent[]; // historyEvent made them.
