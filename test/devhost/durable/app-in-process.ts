import { InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { randomUUID } from "node:crypto";
import Module from "node:module";
import type { TypedData } from "../../../src/devhost/core-types.ts";
import { createCore, type RegisteredFunction } from "../../../src/devhost/core.ts";
import { createInvoker } from "../../../src/devhost/invoke.ts";
import { triggerOf } from "../../../src/devhost/triggers.ts";
import type { DurableOptions } from "../../../src/devhost/durable/types.ts";

/** The real SDK in this process: what a test registers with `df.app` is run by the host's own invocation pipeline. */
const { api, registry } = createCore(() => undefined);
export const registryInProcess = registry;

// Node's module loader has no typed name for the function that `require` ends in.
const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
const nodeLoad = loader._load;
loader._load = (request, ...rest) => (request === "@azure/functions-core" ? api : nodeLoad(request, ...rest));

const invoker = createInvoker(registry, () => undefined);

const registered = (name: string, type: string): RegisteredFunction | undefined => {
  const found = registry.functions.get(name);
  return found && triggerOf(found).binding.type === type ? found : undefined;
};

const run = (called: RegisteredFunction | undefined, text: string, triggerMetadata: Record<string, TypedData> = {}) => {
  if (!called) throw new Error("The test invoked a function that is not registered.");
  const inputData = [{ name: triggerOf(called).name, data: { string: text } }];
  const invocationId = randomUUID();
  return invoker.run(called, { invocationId, functionId: called.metadata.name, inputData, triggerMetadata });
};

type AppPart = Pick<DurableOptions, "isOrchestrator" | "isActivity" | "invokeOrchestrator" | "invokeActivity">;

export const appInProcess: AppPart = {
  isOrchestrator: (name) => registered(name, "orchestrationTrigger") !== undefined,
  isActivity: (name) => registered(name, "activityTrigger") !== undefined,
  invokeOrchestrator: (name, input) => run(registered(name, "orchestrationTrigger"), input),
  invokeActivity: (name, { instanceId, input }) =>
    run(registered(name, "activityTrigger"), input, { instanceId: { string: instanceId } }),
};

/** What a function with a durable client input is invoked with. */
export const durableContext = (binding: string): InvocationContext => {
  const input = df.input.durableClient();
  const context = new InvocationContext({ options: { extraInputs: [input] } });
  context.extraInputs.set(input, JSON.parse(binding));
  return context;
};

/** The SDK's client as such a function gets it. */
export const durableClient = (binding: string): df.DurableClient => df.getClient(durableContext(binding));
