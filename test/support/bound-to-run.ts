import type { ChildProcess } from "node:child_process";

/** A test run that dies early must not leave processes behind. */
export const boundToRun = <Child extends ChildProcess>(child: Child, signal: NodeJS.Signals = "SIGKILL"): Child => {
  const kill = (): unknown => child.kill(signal);
  process.once("exit", kill);
  child.once("exit", () => process.removeListener("exit", kill));
  return child;
};

/** Ends it, unless it has ended, and waits until it is gone. */
export const ended = (child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill(signal);
  });
