import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { boundToRun } from "./bound-to-run.ts";
import { hasCommand } from "./needs.ts";

/** The built program as `npm start` runs it, in a process of its own. */
export interface LifeboatProcess {
  readonly child: ChildProcess;
  /** Empty when it ended instead of getting ready. */
  readonly url: string;
  /** Its exit code when it ended instead of getting ready. */
  readonly code: number | undefined;
  /** Resolves with its exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** All that a person at the terminal has seen so far. */
  readonly output: () => string;
}

export interface StartOptions {
  readonly data: string;
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** File modes do not hold back root: with this they do. */
  readonly minding?: "file modes";
}

const isRoot = process.getuid?.() === 0;

/** Whether a process can be started that minds file modes. */
export const canMindFileModes = process.platform !== "win32" && (!isRoot || hasCommand("setpriv"));

const mindFileModes = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"];

const running = new Set<ChildProcess>();
/** For afterEach or afterAll. */
export const killAll = async (): Promise<void> => {
  for (const child of running) {
    child.kill("SIGKILL");
    await once(child, "close");
  }
};

export const startLifeboat = async ({
  data,
  flags = [],
  environment = {},
  minding,
}: StartOptions): Promise<LifeboatProcess> => {
  const program = [process.execPath, "dist/start.js", "--data", data, "--port", "0", ...flags];
  const [command = "", ...args] = minding !== undefined && isRoot ? [...mindFileModes, ...program] : program;
  const env = { ...process.env, ...environment };
  const child = boundToRun(spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] }));
  running.add(child);
  child.once("close", () => running.delete(child));
  let output = "";
  const url = new Promise<string>((resolve) => {
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
      const ready = /ready at (\S+)/.exec(output)?.[1];
      if (ready !== undefined) resolve(ready);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
  });
  const ended = once(child, "close").then(([code]) => code as number | null); // As Node documents the event.
  const result = await Promise.race([url, ended]);
  return {
    child,
    ended,
    output: () => output,
    url: typeof result === "string" ? result : "",
    code: typeof result === "number" ? result : undefined,
  };
};

/** Where it serves https, by the name that its certificate and its clients know. */
export const tlsUrl = (service: LifeboatProcess): string =>
  (/https:\/\/127\.0\.0\.1:\d+/.exec(service.output())?.[0] ?? "").replace("127.0.0.1", "localhost");

/** The first start's key, as a request header. */
export const bearer = (data: string): Readonly<Record<string, string>> => {
  const { secret }: { secret: string } = JSON.parse(readFileSync(join(data, "admin-key"), "utf8"));
  return { authorization: `Bearer ${secret}` };
};

const looksLikeStack = /^\s+at .*[:(]/m;

/** It ended with 1, said why, and troubled nobody with a stack trace. */
export const expectRefusal = ({ code, output }: LifeboatProcess, reason: RegExp): void => {
  expect(output()).toMatch(reason);
  expect(output()).not.toMatch(looksLikeStack);
  expect(output().trim().split("\n").length).toBeLessThanOrEqual(2);
  expect(code).toBe(1);
};
