import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningEngine } from "./running-engine.ts";

export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a running process is told to do. */
export interface EngineCommand {
  readonly engine: RunningEngine;
  readonly parameters: readonly string[];
}

export interface Measurement {
  readonly seconds: number;
  /** Of the process since it began; undefined where nothing tells it. */
  readonly peakBytes: number | undefined;
  /** What it printed. */
  readonly output: string;
}

const timeProgram = "/usr/bin/time";

/** Throws when the command fails. */
export const measure = (command: Command | EngineCommand): Promise<Measurement> =>
  "engine" in command ? command.engine.measure(command.parameters) : measureProcess(command);

/** Runs a command as a process of its own, whole: start-up counts. */
const measureProcess = async (command: Command): Promise<Measurement> => {
  const report = join(tmpdir(), `lifeboat-bench-${process.pid}.time`);
  const isTimed = existsSync(timeProgram);
  const program = isTimed ? timeProgram : command.program;
  const timed = isTimed ? ["-f", "%M", "-o", report, command.program] : [];
  const started = performance.now();
  const child = spawn(program, [...timed, ...command.arguments], {
    cwd: command.directory,
    env: { ...process.env, ...command.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let complaint = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-4_000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0)
    throw new Error(`${command.program} ${command.arguments.join(" ")} ended with ${code}:\n${complaint}${output}`);
  if (!isTimed) return { seconds, peakBytes: undefined, output };
  const peakBytes = Number(readFileSync(report, "utf8").trim().split("\n").at(-1)) * 1024;
  rmSync(report);
  return { seconds, peakBytes, output };
};
