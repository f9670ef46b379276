import type { RetryOptions } from "./core-types.ts";

/** How often a failed run is repeated, and after how long. */
export type RetryPolicy = {
  /** -1 stands for without end. */
  readonly maxRetries: number;
  /** Milliseconds before retry number `retry`, which counts from 1. */
  delayMs(retry: number): number;
};

/** Reads a function's retry options; undefined if it has none. `random` gives numbers from 0 up to 1. */
export const retryPolicy = (options: RetryOptions | undefined, random: () => number): RetryPolicy | undefined => {
  if (!options?.retryStrategy) return undefined;
  const maxRetries = options.maxRetryCount ?? -1;
  const milliseconds = (duration: { readonly seconds?: number } | undefined): number => (duration?.seconds ?? 0) * 1000;
  if (options.retryStrategy === "fixedDelay") return { maxRetries, delayMs: () => milliseconds(options.delayInterval) };
  const least = milliseconds(options.minimumInterval);
  const most = milliseconds(options.maximumInterval);
  return {
    maxRetries,
    delayMs: (retry) => Math.min(most, least * 2 ** Math.min(retry - 1, 30) * (retry === 1 ? 1 : 0.8 + 0.4 * random())),
  };
};
