import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Work on this machine that Ctrl-C, a closed terminal or SIGTERM does not cut off: its signal is aborted instead, and it
 * clears up behind itself before the process ends.
 */
export const interruptible = async <Result>(
  terminal: Pick<Terminal, "onEnd">,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> => {
  const stop = new AbortController();
  const listenNoMore = terminal.onEnd(() => stop.abort());
  try {
    return await work(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new CommandFailure(exitCodes.failed, "Interrupted", "Interrupted. Nothing was left behind.", {
      cause: error,
    });
  } finally {
    listenNoMore();
  }
};

/** What is waited for, as long as nobody interrupts. */
export const unlessAborted = <Value>(signal: AbortSignal, waited: Promise<Value>): Promise<Value> =>
  new Promise((resolve, reject) => {
    const abort = (): void => reject(new Error("interrupted", { cause: signal.reason }));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    waited.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
