/** What the durable engine needs from the host, and what it offers in return. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `fire` once after `delayMs`; the returned function cancels. */
  setTimer(delayMs: number, fire: () => void): () => void;
}

export type LogLevel = "information" | "warning" | "error";

/** What an activity's trigger receives. */
export interface ActivityCall {
  readonly instanceId: string;
  /** The typed data `{ string: input }` of the trigger: JSON text, except that a bare boolean is `True` or `False`. */
  readonly input: string;
}

export interface DurableOptions {
  /** Created when absent. `:memory:` keeps nothing. */
  readonly databaseFile: string;
  readonly hubName: string;
  readonly limits: { readonly maxConcurrentActivities: number; readonly maxConcurrentOrchestrators: number };
  readonly functionTimeoutMs: number;
  readonly clock: Clock;
  readonly log: (level: LogLevel, message: string) => void;
  isOrchestrator(name: string): boolean;
  isActivity(name: string): boolean;
  /**
   * Runs one episode: `triggerInput` is the trigger's typed data `{ string }`. Resolves with the SDK's OrchestratorState
   * as a value; rejects with the error the SDK threw, its `$OutOfProcData$` message unchanged.
   */
  invokeOrchestrator(name: string, triggerInput: string): Promise<unknown>;
  /** Resolves with the activity's return value. */
  invokeActivity(name: string, call: ActivityCall): Promise<unknown>;
}

/** ISO times, as in a timer trigger's ScheduleStatus. */
export interface TimerStatus {
  readonly last: string;
  readonly next: string;
  readonly lastUpdated: string;
}

export interface Durable {
  /** Opens the state, serves the durable client and resumes what was under way. Rejects with a HostProblem. */
  start(): Promise<void>;
  /** Takes no new work, waits up to `graceMs` for what runs, closes the state. Unfinished activities run again at the next start. */
  stop(graceMs: number): Promise<void>;
  /** The value of a durableClient input binding: a string of JSON. Only after `start`. */
  clientBinding(): string;
  timerStatus(name: string): TimerStatus | undefined;
  /** Durable once it resolves. */
  saveTimerStatus(name: string, status: TimerStatus): Promise<void>;
  /** Resolves as soon as nothing runs and nothing is ready to run; waiting durable timers do not count. */
  idle(): Promise<void>;
}
