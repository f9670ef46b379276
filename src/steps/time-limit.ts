import { DatabaseFailure } from "../domain/database.ts";
import type { Installation } from "../operations/installation.ts";
import { limitedSignal } from "../ports/clock.ts";

/** What a step needs to end in order before the host ends it. */
const reserveMs = 30_000;

/**
 * `signal`, which also aborts shortly before the host would end the step: then its tool has been ended and the reason can
 * still be told. Call `release` when the work is done.
 */
export const withinTimeLimit = (
  { policy: { functionTimeoutMs } }: Pick<Installation, "policy">,
  { signal, what }: { readonly signal: AbortSignal; readonly what: string },
): { readonly signal: AbortSignal; readonly release: () => void } => {
  if (functionTimeoutMs === undefined) return { signal, release: () => undefined };
  const minutes = Math.round(functionTimeoutMs / 6_000) / 10;
  const reason = `${what} took longer than the host allows a step (functionTimeout, ${minutes} minutes); it was ended. Raise that, on a plan that allows it.`;
  const afterMs = Math.max(functionTimeoutMs / 2, functionTimeoutMs - reserveMs);
  return limitedSignal({ afterMs, signal, reason: () => new DatabaseFailure("TimedOut", reason) });
};
