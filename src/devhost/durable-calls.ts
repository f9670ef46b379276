import { randomUUID } from "node:crypto";
import type { AppFunctions } from "./app-functions.ts";
import type { RegisteredFunction } from "./core.ts";
import type { TypedData } from "./core-types.ts";
import type { DurableOptions } from "./durable/types.ts";
import type { Invoker } from "./invoke.ts";
import { clientInputsOf, inputsOf, triggerOf } from "./triggers.ts";

type DurableCalls = Pick<DurableOptions, "isOrchestrator" | "isActivity" | "invokeOrchestrator" | "invokeActivity">;

const named = (functions: ReadonlyMap<string, RegisteredFunction>, name: string): RegisteredFunction => {
  const found = functions.get(name.toLowerCase());
  if (!found) throw new Error(`The function '${name}' doesn't exist, is disabled, or is of another kind.`);
  return found;
};

/** How the durable part calls the app's orchestrators and activities. `app` is asked for when a call comes. */
export const durableCalls = (
  app: () => { readonly functions: AppFunctions; readonly invoker: Invoker },
  clientBinding: () => string,
): DurableCalls => {
  const run = (
    called: RegisteredFunction,
    data: string,
    triggerMetadata: Record<string, TypedData>,
  ): Promise<unknown> => {
    const inputs = { triggerName: triggerOf(called).name, clientInputs: clientInputsOf(called) };
    return app().invoker.run(called, {
      invocationId: randomUUID(),
      functionId: called.metadata.name,
      inputData: inputsOf(inputs, { string: data }, clientBinding),
      triggerMetadata,
    });
  };
  return {
    isOrchestrator: (name) => app().functions.orchestrators.has(name.toLowerCase()),
    isActivity: (name) => app().functions.activities.has(name.toLowerCase()),
    invokeOrchestrator: async (name, triggerInput) => run(named(app().functions.orchestrators, name), triggerInput, {}),
    invokeActivity: async (name, { instanceId, input }) =>
      run(named(app().functions.activities, name), input, {
        instanceId: { string: instanceId },
        data: { string: input },
      }),
  };
};
