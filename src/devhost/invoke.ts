import type { RegisteredFunction, Registry } from "./core.ts";
import type {
  CoreInvocationContext,
  CoreLog,
  HookName,
  InvocationModel,
  InvocationRequest,
  TypedData,
} from "./core-types.ts";
import type { Log, LogLevel } from "./log.ts";

/** A handler that has run to its end, its result not yet handed over. */
export type Executed = { readonly model: InvocationModel; readonly context: unknown; readonly result: unknown };

export type Invoker = {
  /** Arguments, hooks and handler of one invocation; rejects with what the handler, or a hook, threw. */
  execute(called: RegisteredFunction, request: InvocationRequest): Promise<Executed>;
  /** Runs a function that is not HTTP; resolves with its return value as plain data. */
  run(called: RegisteredFunction, request: InvocationRequest): Promise<unknown>;
};

/** What a function's return value means outside of the app. */
export const fromTypedData = (data: TypedData | null | undefined): unknown => {
  if (data == null) return undefined;
  if (data.json !== undefined) return JSON.parse(data.json);
  if (data.bytes !== undefined) return Buffer.from(data.bytes).toString("base64");
  return data.string ?? data.int ?? data.double;
};

/** Passes one log line of the app through its log hooks, which may change level and text. */
const hookedLog = (registry: Registry, log: Log, functionName: string, invocationContext: unknown): CoreLog => {
  const area = { user: "User", system: "System", customMetric: "Metric" } as const;
  return (level, category, message) => {
    const line: { level: LogLevel; message: string } = { level, message };
    for (const hook of registry.hooks.log) {
      Object.assign(line, { hookData: {}, appHookData: registry.appHookData, category, invocationContext });
      hook(line);
    }
    log(line.level, `Function.${functionName}.${area[category]}`, line.message);
  };
};

const runHooks = async (registry: Registry, name: HookName, context: Record<string, unknown>): Promise<void> => {
  for (const hook of registry.hooks[name]) await hook(context);
};

/** The invocation pipeline of the worker: arguments, preInvocation, handler, postInvocation. */
export const createInvoker = (registry: Registry, log: Log): Invoker => {
  const execute: Invoker["execute"] = async ({ metadata, callback }, request) => {
    const programmingModel = registry.programmingModel();
    if (!programmingModel) throw new Error("The app has not registered with the host.");
    const core: CoreInvocationContext = {
      invocationId: request.invocationId,
      request,
      metadata,
      state: undefined,
      log: (level, category, message) => contextLog(level, category, message),
    };
    let contextLog = hookedLog(registry, log, metadata.name, undefined);
    const model = await programmingModel.getInvocationModel(core);
    const { context, inputs } = await model.getArguments();
    contextLog = hookedLog(registry, log, metadata.name, context);

    const shared = { hookData: {}, appHookData: registry.appHookData, invocationContext: context };
    const before = { ...shared, functionCallback: callback, inputs };
    core.state = "preInvocationHooks";
    await runHooks(registry, "preInvocation", before);
    const after: Record<string, unknown> = { ...shared, inputs: before.inputs, result: null, error: null };
    core.state = "invocation";
    try {
      after["result"] = await model.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      after["error"] = error;
    }
    core.state = "postInvocationHooks";
    await runHooks(registry, "postInvocation", after);
    core.state = undefined;
    if (after["error"] != null) throw after["error"];
    return { model, context, result: after["result"] };
  };
  return {
    execute,
    run: async (called, request) => {
      const { model, context, result } = await execute(called, request);
      return fromTypedData((await model.getResponse(context, result)).returnValue);
    },
  };
};
