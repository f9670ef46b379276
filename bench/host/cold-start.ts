import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

export interface ColdStart {
  readonly readyMs: number;
  /** Undefined where the system does not tell. */
  readonly idleMegabytes: number | undefined;
}

const settleMs = 1_000;

const residentMegabytes = (pid: number | undefined): number | undefined => {
  if (process.platform !== "linux") return undefined;
  const kibibytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kibibytes) * 1024) / 1e6;
};

/** Starts the product on an empty data folder, as `npm start` does, and measures until it says that it is ready. */
export const coldStart = async (): Promise<ColdStart> => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-start-"));
  const begin = performance.now();
  const child = spawn(process.execPath, ["dist/start.js", "--data", folder, "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended]);
  const readyMs = performance.now() - begin;
  if (!String(line).includes("ready")) throw new Error(`The product did not start: ${String(line)}`);
  await pause(settleMs);
  const idleMegabytes = residentMegabytes(child.pid);
  child.kill();
  await ended;
  rmSync(folder, { recursive: true });
  return { readyMs, idleMegabytes };
};
