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
 * A signal that aborts with the reason when the time is over, unless it is released before. Not `AbortSignal.timeout`
 * within `AbortSignal.any`: Node 20 collects that as garbage while it is waited for, and the time is never over.
 */
export const limitedSignal = ({
  afterMs,
  signal,
  reason,
}: Limit): { readonly signal: AbortSignal; readonly release: () => void } => {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(reason()), afterMs);
  return {
    signal: signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]),
    release: () => clearTimeout(timer),
  };
};
