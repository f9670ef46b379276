import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stepsOfChain } from "./chain.ts";
import type { Server } from "./servers.ts";

const start = async (url: string, id: string): Promise<void> => {
  const { status } = await fetch(`${url}/start/${id}`, { method: "POST" });
  if (status !== 202) throw new Error(`The start of ${id} was answered ${status}.`);
};

/** From the first request to the end of the last orchestration. */
const timed = async ({ url, idle }: Server, ids: readonly string[]): Promise<number> => {
  const begin = performance.now();
  await Promise.all(ids.map((id) => start(url, id)));
  await idle();
  return performance.now() - begin;
};

let lastRun = 0;
const newIds = (count: number): string[] => {
  const run = ++lastRun;
  return Array.from({ length: count }, (_, index) => `run${run}-${index}`);
};

export const stepRate = async (server: Server, orchestrations: number): Promise<number> =>
  (orchestrations * stepsOfChain * 1000) / (await timed(server, newIds(orchestrations)));

/** Milliseconds that one orchestration takes while nothing else runs. */
export const timeAlone = (server: Server): Promise<number> => timed(server, newIds(1));

/** How often a second the disk of the temporary folder confirms one more page at the end of a file. */
export const flushRate = (count: number): number => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-flush-"));
  const file = openSync(join(folder, "flushed"), "w");
  const page = Buffer.alloc(4096, 1);
  const begin = performance.now();
  for (let flush = 0; flush < count; flush++) {
    writeSync(file, page);
    fsyncSync(file);
  }
  const seconds = (performance.now() - begin) / 1000;
  closeSync(file);
  rmSync(folder, { recursive: true });
  return count / seconds;
};
