export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

interface Limit {
  readonly afterMs: number;
  /** Aborts it earlier, with a reason of its own. */
  readonly signal?: AbortSignal | undefined;
  readonly reason: () => Error;
}

/**
 * A signal that aborts with the reason when the time is over, or as the given signal does, unless it is released before.
 * Not `AbortSignal.any`: what that makes of a long-lived signal is kept as long as that one on some versions of Node, and
 * with `AbortSignal.timeout` in it Node 20 collects it as garbage while it is waited for.
 */
export const limitedSignal = ({
  afterMs,
  signal,
  reason,
}: Limit): { readonly signal: AbortSignal; readonly release: () => void } => {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(reason()), afterMs);
  const stop = (): void => limit.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  return {
    signal: limit.signal,
    release: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    },
  };
};
