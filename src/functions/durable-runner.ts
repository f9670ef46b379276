import type { InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { messageOf } from "../domain/errors.ts";
import { isGoingOn, type RunState, type WorkflowRunner } from "../ports/workflow-runner.ts";

/** WorkflowRunner on the durable client of one invocation, which must have declared the client input. */
export const durableRunner = (context: InvocationContext): WorkflowRunner => {
  const client = df.getClient(context);

  const state = async (run: string): Promise<RunState | undefined> => {
    try {
      return states[(await client.getStatus(run)).runtimeStatus];
    } catch (error) {
      // The client rejects for an unknown instance; 404 in its text is all it tells.
      if (/\b404\b|not found/i.test(messageOf(error))) return undefined;
      throw error;
    }
  };

  return {
    state,
    async start(workflow, run, input) {
      try {
        await client.startNew(workflow, { instanceId: run, input });
      } catch (error) {
        if (!isGoingOn(await state(run))) throw error;
      }
    },
    async terminate(run, reason) {
      // `&` and `#` would cut the reason: the client does not encode it.
      if (isGoingOn(await state(run))) await client.terminate(run, reason.replace(/[&#]/g, " "));
    },
    async purge(run) {
      await client.purgeInstanceHistory(run);
    },
    async purgeEnded(from, to) {
      const { Completed, Failed, Canceled, Terminated } = df.OrchestrationRuntimeStatus;
      const purged = await client.purgeInstanceHistoryBy({
        createdTimeFrom: from,
        createdTimeTo: to,
        runtimeStatus: [Completed, Failed, Canceled, Terminated],
      });
      return purged.instancesDeleted;
    },
  };
};

const states: Readonly<Record<df.OrchestrationRuntimeStatus, RunState>> = {
  Running: "running",
  Pending: "pending",
  Suspended: "running",
  ContinuedAsNew: "running",
  Completed: "completed",
  Failed: "failed",
  Canceled: "terminated",
  Terminated: "terminated",
};
