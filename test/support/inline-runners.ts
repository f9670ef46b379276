import { runPackJob, type PackRunner } from "../../src/archive/threads/pack-runner.ts";
import { runReadJob, type ReadRunner } from "../../src/archive/threads/read-runner.ts";
import { defaultCompression } from "../../src/domain/compression.ts";

/** The engine's work on the calling thread, without the threads that the product gives it to. */
export const inlinePackRunner: PackRunner = {
  threads: 1,
  level: defaultCompression,
  run: async (kind, job, signal) => {
    signal?.throwIfAborted();
    return runPackJob(kind, job);
  },
};

export const inlineRunner: ReadRunner = { threads: 1, run: async (kind, job) => runReadJob(kind, job) };
