import type { Clock } from "./clock.ts";

/** A function that took longer than host.json's functionTimeout. Its promise cannot be killed; a late result is dropped. */
class FunctionTimedOut extends Error {
  override readonly name = "FunctionTimedOut";
}

/** Calls back if a function runs too long; the returned function ends the watch. */
export type FunctionTimeout = (name: string, onTimeout: (error: FunctionTimedOut) => void) => () => void;

const longestTimerMs = 2 ** 31 - 1;

const spelled = (milliseconds: number): string => {
  const seconds = Math.round(milliseconds / 1000);
  const two = (number: number): string => String(Math.floor(number)).padStart(2, "0");
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
};

/** The watch over functions of an app that gives each so long; above 24 days there is none. */
export const functionTimeout =
  (clock: Clock, limitMs: number): FunctionTimeout =>
  (name, onTimeout) => {
    if (limitMs > longestTimerMs) return () => {};
    const message = (): string => `Timeout value of ${spelled(limitMs)} was exceeded by function: Functions.${name}`;
    return clock.after(limitMs, () => onTimeout(new FunctionTimedOut(message())));
  };

/** Work that rejects when the watch calls; the work itself may go on. */
export const withTimeout = <Result>(timeout: FunctionTimeout, name: string, work: Promise<Result>): Promise<Result> =>
  new Promise((resolve, reject) => {
    const cancel = timeout(name, reject);
    work.then(resolve, reject).finally(cancel);
  });
