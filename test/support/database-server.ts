import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { isCode } from "../../src/domain/error-code.ts";
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

/**
 * A port of this machine that nobody listens at, below those that systems give to connections: one of these would take
 * it while its server is down between two starts.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => (isCode(error, "EADDRINUSE") ? resolve(false) : reject(error)));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
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
