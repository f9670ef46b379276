import { app, type InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import type { Call } from "../ports/call.ts";
import { contextLog } from "./context-log.ts";
import { durableRunner } from "./durable-runner.ts";

/** Runs `work` whenever the six-field `schedule` (UTC) comes due; it is not run at start-up. */
export const registerTimer = (name: string, schedule: string, work: (call: Call) => Promise<void>): void => {
  app.timer(name, {
    schedule,
    extraInputs: [df.input.durableClient()],
    handler: (_timer: unknown, context: InvocationContext) =>
      work({
        requestId: context.invocationId,
        caller: "lifeboat",
        reach: "all",
        runner: durableRunner(context),
        log: contextLog(context),
      }),
  });
};
