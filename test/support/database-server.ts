import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import { boundToRun } from "./bound-to-run.ts";

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
    const child = boundToRun(spawn(command, args, { ...place, stdio: ["ignore", "ignore", "pipe"] }), signal);
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = `${said}${chunk.toString("utf8")}`.slice(-4_000);
      if (said.includes(ready)) resolve(child);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}: ${said}`)));
  });

/** A port of this machine that nobody listens at; another may take it before the server does. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
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
