import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";

/** Where a timer function stands; all three are ISO times. Kept so that a missed run is noticed after a restart. */
export type TimerStatus = { readonly last: string; readonly next: string; readonly lastUpdated: string };

/** Schedule status of timer functions, kept in the durable store's database. */
export type TimerStatusStore = {
  /** The status saved last, or undefined if the timer never ran here. */
  timerStatus(name: string): TimerStatus | undefined;
  /** Saves durably before it returns. */
  saveTimerStatus(name: string, status: TimerStatus): void;
};

/** What the host hands to the durable part. */
export type DurableOptions = {
  readonly databaseFile: string;
  readonly hubName: string;
  readonly limits: { readonly maxConcurrentActivities: number; readonly maxConcurrentOrchestrators: number };
  readonly functionTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Letter case of names does not count. */
  isOrchestrator(name: string): boolean;
  isActivity(name: string): boolean;
  /** Runs one episode: the trigger's JSON text in, the parsed OrchestratorState out; rejects with the function's error. */
  invokeOrchestrator(name: string, triggerInput: string): Promise<unknown>;
  /**
   * Runs an activity to its end and resolves with its return value; rejects with the function's error. After
   * functionTimeoutMs the engine records a failure and drops a late result. `input` is the trigger's typed data
   * `{ string: input }`: JSON text, except that the real host turns a bare boolean into `True` or `False`.
   */
  invokeActivity(name: string, call: { readonly instanceId: string; readonly input: string }): Promise<unknown>;
};

/**
 * The durable part. Making one opens the database and throws a HostFailure when that is locked, corrupt, read-only or
 * full; nothing runs before `start`.
 */
export type Durable = {
  readonly timerStatus: TimerStatusStore;
  /** Opens the loopback server of the durable client, then begins to run what is due. */
  start(): Promise<void>;
  /** Takes no new work, gives running work so long to end, then closes the database. What did not end runs again at the next start. */
  stop(graceMs: number): Promise<void>;
  /** The value of the durable client input, as JSON text. Valid after `start`. */
  clientBinding(): string;
  /** Address of the durable client's loopback server, with a trailing slash. Valid after `start`. */
  rpcBaseUrl(): string;
  /** Resolves when nothing is running or due; a timer in the future does not count. */
  idle(): Promise<void>;
};
