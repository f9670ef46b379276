// The entry point of the archive engine's threads: jobs come in, results go out, one after another.
import { parentPort } from "node:worker_threads";
import { buffersOf, runThreadJob, type ThreadAnswer, type ThreadRequest } from "./thread-jobs.ts";

const answerTo = (request: ThreadRequest): ThreadAnswer => {
  try {
    return { result: runThreadJob(request) };
  } catch (error) {
    return { error };
  }
};

parentPort?.on("message", (request: ThreadRequest) => {
  const answer = answerTo(request);
  parentPort?.postMessage(answer, "result" in answer ? buffersOf(answer.result) : []);
});
