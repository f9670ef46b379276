import type { RegisteredFunction, Registry } from "./core.ts";
import type {
  CoreInvocationContext,
  HookName,
  InvocationModel,
  InvocationRequest,
  InvocationResponse,
  LogCategory,
  TypedData,
} from "./core-types.ts";
import type { Log, LogLevel } from "./log.ts";

/** A handler that has run to its end, its result not yet handed over to whoever asked. */
export type Executed = {
  readonly outcome: { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: unknown };
  /** Hands a result over; in stream mode this writes the HTTP answer. */
  respond(result: unknown): Promise<InvocationResponse>;
};

export type Invoker = {
  /** Arguments, hooks and handler of one invocation; what they throw is in the outcome. */
  execute(called: RegisteredFunction, request: InvocationRequest): Promise<Executed>;
  /** Runs a function that is not HTTP; resolves with its return value as plain data, rejects with what it threw. */
  run(called: RegisteredFunction, request: InvocationRequest): Promise<unknown>;
};

/** What a function's return value means outside of the app. */
export const fromTypedData = (data: TypedData | null | undefined): unknown => {
  if (data == null) return undefined;
  if (data.json !== undefined) return JSON.parse(data.json);
  if (data.bytes !== undefined) return Buffer.from(data.bytes).toString("base64");
  return data.string ?? data.int ?? data.double;
};

const logAreas = { user: "User", system: "System", customMetric: "Metric" } as const;

/** Passes one log line of the app through its log hooks, which may change level and text. */
const writeLog = (registry: Registry, log: Log, line: LogLine): void => {
  const { functionName, category } = line;
  const hooked = { hookData: {}, appHookData: registry.appHookData, ...line };
  for (const hook of registry.hooks.log) hook(hooked);
  log(hooked.level, `Function.${functionName}.${logAreas[category]}`, hooked.message);
};

type LogLine = {
  readonly functionName: string;
  readonly category: LogCategory;
  readonly invocationContext: unknown;
  level: LogLevel;
  message: string;
};

const runHooks = async (registry: Registry, name: HookName, context: Record<string, unknown>): Promise<void> => {
  for (const hook of registry.hooks[name]) await hook(context);
};

type Step = { readonly core: CoreInvocationContext; readonly model: InvocationModel; readonly context: unknown };

/** preInvocation hooks, handler, postInvocation hooks; hooks may replace inputs, handler, result and error. */
const callHandler = async (registry: Registry, called: RegisteredFunction, inputs: unknown[], step: Step) => {
  const { core, model, context } = step;
  const shared = { hookData: {}, appHookData: registry.appHookData, invocationContext: context };
  const before = { ...shared, functionCallback: called.callback, inputs };
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
  return after["result"];
};

/** The invocation pipeline of the worker: arguments, preInvocation, handler, postInvocation. */
export const createInvoker = (registry: Registry, log: Log): Invoker => {
  const execute: Invoker["execute"] = async (called, request) => {
    const programmingModel = registry.programmingModel();
    if (!programmingModel) throw new Error("The app has not registered with the host.");
    const { metadata } = called;
    const { invocationId } = request;
    // Enough of a context to hand over a refusal when the real one could not be made.
    let context: unknown = { invocationId, extraOutputs: new Map() };
    const core: CoreInvocationContext = {
      invocationId,
      request,
      metadata,
      state: undefined,
      log: (level, category, message) =>
        writeLog(registry, log, { functionName: metadata.name, category, invocationContext: context, level, message }),
    };
    const model = await programmingModel.getInvocationModel(core);
    const respond = (result: unknown) => model.getResponse(context, result);
    try {
      const given = await model.getArguments();
      context = given.context;
      const result = await callHandler(registry, called, given.inputs, { core, model, context });
      return { outcome: { ok: true, result }, respond };
    } catch (error) {
      return { outcome: { ok: false, error }, respond };
    }
  };
  return {
    execute,
    run: async (called, request) => {
      const { outcome, respond } = await execute(called, request);
      if (!outcome.ok) throw outcome.error;
      return fromTypedData((await respond(outcome.result)).returnValue);
    },
  };
};
