// The entry point of a reading thread: jobs come in, results go out, one after another.
import { parentPort } from "node:worker_threads";
import { runReadJob, type ReadJobs, type ReadKind } from "./read-runner.ts";

const answer = <Kind extends ReadKind>({ kind, job }: { readonly kind: Kind; readonly job: ReadJobs[Kind] }): void => {
  try {
    const result = runReadJob(kind, job);
    parentPort?.postMessage({ result }, "content" in result ? [result.content.buffer] : []);
  } catch (error) {
    parentPort?.postMessage({ error });
  }
};

parentPort?.on("message", answer);
