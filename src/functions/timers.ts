import { app, type InvocationContext } from "@azure/functions";
import type { Log } from "../ports/log.ts";
import { contextLog } from "./context-log.ts";

/** Runs `work` whenever the six-field `schedule` (UTC) comes due; it is not run at start-up. */
export const registerTimer = (name: string, schedule: string, work: (log: Log) => Promise<void>): void => {
  app.timer(name, { schedule, handler: (_timer: unknown, context: InvocationContext) => work(contextLog(context)) });
};
