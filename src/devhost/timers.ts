import { randomUUID } from "node:crypto";
import type { Clock } from "./clock.ts";
import type { InvocationRequest, RetryContext } from "./core-types.ts";
import type { TimerStatusStore } from "./durable/types.ts";
import { type FunctionTimeout, withTimeout } from "./function-timeout.ts";
import type { Invoker } from "./invoke.ts";
import type { Log } from "./log.ts";
import type { TimerFunction } from "./timer-function.ts";
import { monitorOf, type Place, resumePlace, timerStatus } from "./timer-status.ts";

export type TimersOptions = {
  readonly functions: readonly TimerFunction[];
  readonly invoker: Invoker;
  readonly store: TimerStatusStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly clientBinding: () => string;
  readonly timeout: FunctionTimeout;
};

export type Timers = {
  start(): void;
  /** Starts no more runs; resolves when the running ones have ended. */
  stop(): Promise<void>;
  /** Runs a timer once beside its schedule; false if there is none of that name. */
  runNow(name: string): boolean;
};

/** Looks at the wall clock at least this often, so that a machine that slept notices. */
const longestWaitMs = 60_000;

type Run = { readonly isPastDue: boolean; readonly place: Place | undefined };

/** One timer function: its schedule, its place in it, its runs one after the other. */
class Timer {
  readonly #timer: TimerFunction;
  readonly #options: TimersOptions;
  readonly #monitor: TimerStatusStore | undefined;
  #place: Place | undefined;
  #cancel: () => void = () => {};
  #stopped = false;
  readonly #running = new Set<Promise<void>>();

  constructor(timer: TimerFunction, options: TimersOptions) {
    this.#timer = timer;
    this.#options = options;
    this.#monitor = monitorOf(timer, options.store, options.clock.now());
  }

  get name(): string {
    return this.#timer.name;
  }

  start(): void {
    const { schedule, name, runOnStartup } = this.#timer;
    const now = this.#options.clock.now();
    const resumed = resumePlace(schedule, this.#monitor?.timerStatus(name), now);
    this.#place = resumed.place;
    this.#save(resumed.place);
    if (resumed.isPastDue || runOnStartup) void this.#track(this.#turn(now, resumed.isPastDue, true));
    else this.#wait(resumed.place);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await Promise.all(this.#running);
  }

  runNow(): void {
    const { clock } = this.#options;
    const place =
      this.#monitor && resumePlace(this.#timer.schedule, this.#monitor.timerStatus(this.name), clock.now()).place;
    void this.#track(this.#run({ isPastDue: false, place }));
  }

  #wait(place: Place): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    const waitMs = Math.min(Math.max(place.next - clock.now(), 0), longestWaitMs);
    this.#cancel = clock.after(waitMs, () => {
      const now = clock.now();
      if (now < place.next) this.#wait(place);
      else void this.#track(this.#turn(now, false, false));
    });
  }

  /** One run of the schedule, then the wait for the next, which counts from when this one began. */
  async #turn(began: number, isPastDue: boolean, atStart: boolean): Promise<void> {
    await this.#run({ isPastDue, place: this.#monitor && this.#place });
    // A wait that ended early must not lead to the same turn again.
    const turn = atStart ? began : Math.max(began, this.#place?.next ?? began);
    this.#place = { last: turn, next: this.#timer.schedule.next(turn), lastUpdated: turn };
    this.#save(this.#place);
    this.#wait(this.#place);
  }

  #save(place: Place): void {
    try {
      this.#monitor?.saveTimerStatus(this.name, timerStatus(place));
    } catch (error) {
      // The schedule goes on; only a missed run might go unnoticed after a restart.
      this.#options.log(
        "error",
        "Host.Timers",
        `The schedule status of timer ${this.name} was not saved: ${String(error)}`,
      );
    }
  }

  async #run(run: Run): Promise<void> {
    const { retry } = this.#timer;
    let exception: RetryContext["exception"];
    for (let retryCount = 0; ; retryCount++) {
      const context = retry && { retryCount, maxRetryCount: retry.maxRetries, ...(exception && { exception }) };
      const error = await this.#attempt(run, context);
      if (error === undefined) return;
      const isLast = !retry || this.#stopped || (retry.maxRetries !== -1 && retryCount >= retry.maxRetries);
      const after = isLast && retry ? ` after ${retryCount} retries` : "";
      this.#options.log("error", "Host.Timers", `Timer ${this.name} failed${after}: ${error.stack ?? error.message}`);
      if (isLast) return;
      exception = { message: error.message, stackTrace: error.stack ?? "" };
      await this.#pause(retry.delayMs(retryCount + 1));
    }
  }

  async #attempt({ isPastDue, place }: Run, retryContext: RetryContext | undefined): Promise<Error | undefined> {
    const { called, name, triggerName, clientInputs, schedule } = this.#timer;
    const info = {
      Schedule: { AdjustForDST: schedule.isCron },
      ScheduleStatus: place ? statusForFunction(place) : null,
      IsPastDue: isPastDue,
    };
    const request: InvocationRequest = {
      invocationId: randomUUID(),
      functionId: name,
      inputData: [
        { name: triggerName, data: { json: JSON.stringify(info) } },
        ...clientInputs.map((input) => ({ name: input, data: { string: this.#options.clientBinding() } })),
      ],
      triggerMetadata: {},
      ...(retryContext && { retryContext }),
    };
    try {
      await withTimeout(this.#options.timeout, name, this.#options.invoker.run(called, request));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(milliseconds, resolve);
      this.#cancel = () => {
        cancel();
        resolve();
      };
    });
  }

  async #track(work: Promise<void>): Promise<void> {
    this.#running.add(work);
    await work.finally(() => this.#running.delete(work));
  }
}

const statusForFunction = (place: Place): object => {
  const { last, next, lastUpdated } = timerStatus(place);
  return { Last: last, Next: next, LastUpdated: lastUpdated };
};

/** The timer functions of an app. Nothing runs before `start`. */
export const createTimers = (options: TimersOptions): Timers => {
  const timers = options.functions.map((timer) => new Timer(timer, options));
  return {
    start: () => timers.forEach((timer) => timer.start()),
    stop: async () => void (await Promise.all(timers.map((timer) => timer.stop()))),
    runNow: (name) => {
      const timer = timers.find((one) => one.name === name);
      timer?.runNow();
      return timer !== undefined;
    },
  };
};
