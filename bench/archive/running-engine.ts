import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Measurement } from "./measure.ts";

/** The engine in a process that goes on from one command to the next, as it does in the service. */
export class RunningEngine {
  readonly #child;
  readonly #answers;
  #complaint = "";

  constructor(bundle: string) {
    this.#child = spawn(process.execPath, [bundle, "serve"], { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr
      .setEncoding("utf8")
      .on("data", (text: string) => (this.#complaint = (this.#complaint + text).slice(-4_000)));
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async measure(parameters: readonly string[]): Promise<Measurement> {
    const started = performance.now();
    this.#child.stdin.write(`${JSON.stringify(parameters)}\n`);
    const answer = await this.#answers.next();
    const seconds = (performance.now() - started) / 1000;
    if (answer.done === true) throw new Error(`${parameters.join(" ")}: the process ended:\n${this.#complaint}`);
    return { seconds, peakBytes: this.#peakBytes(), output: answer.value };
  }

  /** What Linux keeps of the process; other systems keep no such file. */
  #peakBytes(): number | undefined {
    const status = `/proc/${this.#child.pid}/status`;
    if (!existsSync(status)) return undefined;
    const kibibytes = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(status, "utf8"))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin.end();
    await ended;
  }
}
