import { setTimeout as sleep } from "node:timers/promises";
import { limitedSignal } from "../../ports/clock.ts";

export interface RetryPolicy {
  /** Pauses before the second, third ... attempt; each is stretched or shortened by up to half at random. */
  readonly delaysMs: readonly number[];
  /** How long one attempt may take; more where many bytes have to go over the wire. */
  readonly timeoutMs: number;
  readonly wait: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export const defaultRetries: RetryPolicy = {
  delaysMs: [200, 800, 3_200, 12_800],
  timeoutMs: 60_000,
  wait: async (ms, signal) => {
    await sleep(ms, undefined, signal ? { signal } : {});
  },
};

/** How long the store may ask us to stay away; longer counts as being down. */
const longestWaitMs = 60_000;

/** No answer in time. */
export class NoAnswer extends Error {
  constructor(timeoutMs: number) {
    super(`There was no answer within ${Math.round(timeoutMs / 1000)} seconds.`);
    this.name = "NoAnswer";
  }
}

export interface Attempts {
  readonly policy: RetryPolicy;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Whether an error may pass by itself; a number is how long the store asks us to wait. */
  readonly isTransient: (error: unknown) => boolean | number;
}

/**
 * Attempts until there is an answer, a lasting error, or no more attempts. `isRepeat` tells an attempt that an earlier
 * one may have been carried out although its answer was lost.
 */
export const withRetries = async <T>(
  { policy, timeoutMs, signal, isTransient }: Attempts,
  attempt: (signal: AbortSignal, isRepeat: boolean) => Promise<T>,
): Promise<T> => {
  for (let number = 0; ; number++) {
    signal?.throwIfAborted();
    try {
      return await withTimeout(timeoutMs, signal, async (limited) => attempt(limited, number > 0));
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const transient = error instanceof NoAnswer || isTransient(error);
      const delay = policy.delaysMs[number];
      if (transient === false || delay === undefined) throw error;
      const asked = transient === true ? 0 : Math.min(transient, longestWaitMs);
      await policy.wait(Math.max(delay * (0.5 + Math.random()), asked), signal);
    }
  }
};

const withTimeout = async <T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (limited: AbortSignal) => Promise<T>,
): Promise<T> => {
  const late = new NoAnswer(timeoutMs);
  const limited = limitedSignal({ afterMs: timeoutMs, signal, reason: () => late });
  try {
    return await work(limited.signal);
  } catch (error) {
    throw limited.signal.reason === late ? late : error;
  } finally {
    limited.release();
  }
};
