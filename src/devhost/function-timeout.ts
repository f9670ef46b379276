import type { Clock } from "./clock.ts";

/** A function that took longer than host.json's functionTimeout. Its promise cannot be killed; a late result is dropped. */
export class FunctionTimedOut extends Error {
  override readonly name = "FunctionTimedOut";
}

const longestTimerMs = 2 ** 31 - 1;

const spelled = (milliseconds: number): string => {
  const seconds = Math.round(milliseconds / 1000);
  const two = (number: number): string => String(Math.floor(number)).padStart(2, "0");
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
};

/** Gives work of a function so long; then the returned promise rejects, while the work may go on. */
export const functionTimeout =
  (clock: Clock, limitMs: number) =>
  async <Result>(name: string, work: Promise<Result>): Promise<Result> => {
    if (limitMs > longestTimerMs) return work;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(limitMs, () =>
        reject(
          new FunctionTimedOut(`Timeout value of ${spelled(limitMs)} was exceeded by function: Functions.${name}`),
        ),
      );
      work.then(resolve, reject).finally(cancel);
    });
  };
