import { app } from "@azure/functions";

/** Runs `work` when the host ends in order, after everything that ran has ended. */
export const registerEnd = (work: () => Promise<void>): void => {
  app.hook.appTerminate(work);
};
