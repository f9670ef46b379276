import { execFile, spawn, type ChildProcess } from "node:child_process";

interface Launched {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
  /** What it says when it takes connections. */
  readonly ready: string;
  /** Ends it when the test run does. */
  readonly signal: NodeJS.Signals;
}

/** A database server as a child process, once it takes connections; one that ends before says why. */
export const launch = ({ command, args, ready, signal, ...place }: Launched): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...place, stdio: ["ignore", "ignore", "pipe"] });
    // A test run that dies early must not leave servers behind.
    const kill = (): unknown => child.kill(signal);
    process.once("exit", kill);
    child.once("exit", () => process.removeListener("exit", kill));
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = `${said}${chunk.toString("utf8")}`.slice(-4_000);
      if (said.includes(ready)) resolve(child);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}: ${said}`)));
  });

export const ended = (child: ChildProcess, signal: NodeJS.Signals): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill(signal);
  });

/** What a client program answers to `input`. */
export const withInput = (command: string, args: readonly string[], input: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { encoding: "utf8" as const, maxBuffer: 256 * 2 ** 20 };
    const child = execFile(command, args, options, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
