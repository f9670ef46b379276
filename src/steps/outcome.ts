import { SourceLost } from "../archive/reuse/source-lost.ts";
import { DatabaseFailure } from "../domain/database.ts";
import { Refusal } from "../domain/errors.ts";
import { SecretUnreadable } from "../domain/secret.ts";
import { isStoreFailure, type StoreFailureKind } from "../domain/store-failure.ts";
import { SiteCommandFailed } from "../ports/site-host.ts";
import type { Outcome } from "../workflows/contract.ts";
import { failed, runLost } from "./owns-site.ts";
import { RunLost } from "./progress.ts";

/**
 * A step's expected failures as values: what people can do something about is told as it is and not tried again. Stores
 * that are away for a while, and bugs, stay exceptions: the workflow tries the step again.
 */
export const asOutcome = async <Value>(
  work: () => Promise<Outcome<Value>>,
  mayPass: readonly StoreFailureKind[] = ["Unavailable"],
): Promise<Outcome<Value>> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RunLost) return runLost;
    if (error instanceof SourceLost) return { ok: false, code: "SourceGone", message: error.message };
    if (error instanceof DatabaseFailure && error.kind !== "Unreachable") return failed(error.message);
    if (error instanceof Refusal || error instanceof SiteCommandFailed || error instanceof SecretUnreadable)
      return failed(error.message);
    if (isStoreFailure(error) && !mayPass.includes(error.kind)) return failed(error.message);
    throw error;
  }
};

/** For the step that writes down how a run ended: of a disk that is too full for it nobody would hear, so it is tried again. */
export const asEnd = <Value>(work: () => Promise<Outcome<Value>>): Promise<Outcome<Value>> =>
  asOutcome(work, ["Unavailable", "Full"]);
