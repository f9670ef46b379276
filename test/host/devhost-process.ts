import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export type DevhostProcess = {
  readonly url: string;
  readonly masterKey: string;
  readonly pid: number;
  /** Everything it logged so far. */
  readonly log: () => string;
  /** Ends it by that signal and waits; resolves with its exit code, null if the signal killed it. */
  readonly end: (signal: "SIGTERM" | "SIGKILL") => Promise<number | null>;
};

const readyLine = async (process: ChildProcess, log: () => string): Promise<string> => {
  if (!process.stdout) throw new Error("The process was started without a pipe.");
  const line = once(createInterface({ input: process.stdout }), "line");
  const ended = once(process, "close").then(() => {
    throw new Error(`The host ended before it served.\n${log()}`);
  });
  const [text] = await Promise.race([line, ended]);
  return String(text);
};

type DevhostStart = {
  /** The bundle of run-devhost.ts. */
  readonly program: string;
  /** The app's folder. */
  readonly root: string;
  readonly data: string;
  readonly environment?: Readonly<Record<string, string>>;
};

/** Starts the devhost in a process of its own; rejects if it ends instead. */
export const startDevhost = async ({ program, root, data, environment }: DevhostStart): Promise<DevhostProcess> => {
  const child = spawn(process.execPath, [program, root, data], {
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exited = once(child, "close");
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  // run-devhost.ts wrote it.
  const ready = JSON.parse(await readyLine(child, () => log)) as { readonly url: string; readonly masterKey: string };
  return {
    ...ready,
    pid: child.pid ?? 0,
    log: () => log,
    end: async (signal) => {
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
};
