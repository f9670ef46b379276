import { parentPort } from "node:worker_threads";
import { freeMemory } from "../content/free-memory.ts";
import {
  buffersOf,
  runThreadJob,
  systemSaid,
  type ListFolders,
  type ThreadAnswer,
  type ThreadRequest,
} from "./thread-jobs.ts";

/** Makes the thread that calls it one of a pool's: jobs come in, results go out, one after another. */
export const serveJobs = (listFolders: ListFolders): void => {
  const answerTo = (request: ThreadRequest): ThreadAnswer => {
    try {
      return { result: runThreadJob(request, listFolders) };
    } catch (error) {
      return { error, system: systemSaid(error) };
    }
  };

  parentPort?.on("message", (request: ThreadRequest) => {
    const answer = answerTo(request);
    parentPort?.postMessage(answer, "result" in answer ? buffersOf(answer.result) : []);
    // What came with the job and did not go back with the result.
    for (const memory of buffersOf(request.job)) freeMemory(memory);
  });
};
