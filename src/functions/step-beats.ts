import type { Installation } from "../operations/installation.ts";
import { endBeats, writeBeat, type StepAttempt } from "../operations/rows/step-rows.ts";
import type { Call } from "../ports/call.ts";
import type { StepBodies } from "./durable.ts";

const everyMs = 60_000;

type Body = (input: Pick<StepAttempt, "site" | "run">, call: Call) => Promise<unknown>;

/**
 * The same steps, whose attempts tell that they are being executed as long as this process lives: a run of which nothing is
 * heard any more is dead, one that waits for its turn is not.
 */
export const withBeats = (deps: Pick<Installation, "catalog">, steps: StepBodies): StepBodies => {
  // Safe: each body goes back under its own name; every step's input names site and run.
  const entries = Object.entries(steps) as [string, Body][];
  return Object.fromEntries(entries.map(([name, body]) => [name, beating(deps, body)])) as unknown as StepBodies;
};

const beating =
  ({ catalog }: Pick<Installation, "catalog">, body: Body): Body =>
  async (input, call) => {
    const attempt = { site: input.site, run: input.run, attempt: call.requestId };
    let beat = 0;
    let isOver = false;
    // News, so no reason to fail: who hears nothing for long takes the run up, and every step may run twice.
    const tell = (): Promise<void> =>
      writeBeat(catalog, attempt, { beat: ++beat }).catch((error: unknown) =>
        call.log.warn("no sign of life", { error }),
      );
    let telling = tell();
    const timer = setInterval(() => {
      telling = telling.then(() => (isOver ? undefined : tell()));
    }, everyMs);
    timer.unref();
    try {
      return await body(input, call);
    } finally {
      clearInterval(timer);
      isOver = true;
      await telling;
      await endBeats(catalog, attempt).catch((error: unknown) => call.log.warn("no sign of the end", { error }));
    }
  };
