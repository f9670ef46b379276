import type { ProgressReport } from "./progress.ts";

const beatMs = 5_000;

/** A tool may say nothing for minutes: the run is alive all the same, and has to notice when it has lost its site. */
export const whileBeating = async <Value>(progress: ProgressReport, work: () => Promise<Value>): Promise<Value> => {
  const timer = setInterval(() => progress.set({}), beatMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
};
