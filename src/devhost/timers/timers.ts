import { createTimerRunner, type TimerRunnerOptions } from "./run-timer.ts";
import { Timer, type TimerOptions } from "./timer.ts";
import type { TimerFunction } from "./timer-function.ts";

type TimersOptions = Omit<TimerOptions, "run"> & TimerRunnerOptions & { readonly functions: readonly TimerFunction[] };

export type Timers = {
  start(): void;
  /** Starts no more runs; resolves when the running ones have ended. */
  stop(): Promise<void>;
  /** Runs a timer once beside its schedule; false if there is none of that name. */
  runNow(name: string): boolean;
};

/** The timer functions of an app. Nothing runs before `start`. */
export const createTimers = (options: TimersOptions): Timers => {
  const run = createTimerRunner(options);
  const timers = options.functions.map((timer) => new Timer(timer, { ...options, run }));
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
