import type { RegisteredFunction, Registry } from "./core.ts";
import type {
  CoreInvocationContext,
  FunctionCallback,
  HookCallback,
  InvocationModel,
  InvocationRequest,
  InvocationResponse,
  LogCategory,
  TypedData,
} from "./core-types.ts";
import type { Log, LogLevel } from "./log.ts";

export type Outcome = { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: unknown };

/** A handler that has run to its end, its result not yet handed over to whoever asked. */
type Executed = {
  readonly outcome: Outcome;
  /** Hands a result over; in stream mode this writes the HTTP answer. */
  readonly respond: (result: unknown) => Promise<InvocationResponse>;
};

export type Invoker = {
  /** Arguments, hooks and handler of one invocation; what they throw is in the outcome. */
  execute(called: RegisteredFunction, request: InvocationRequest): Promise<Executed>;
  /** Runs a function that is not HTTP; resolves with its return value as plain data, rejects with what it threw. */
  run(called: RegisteredFunction, request: InvocationRequest): Promise<unknown>;
};

/** What a function's return value means outside of the app. */
const fromTypedData = (data: TypedData | null | undefined): unknown => {
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

const runHooks = async (hooks: readonly HookCallback[], context: Record<string, unknown>): Promise<void> => {
  for (const hook of hooks) await hook(context);
};

type Step = { readonly core: CoreInvocationContext; readonly model: InvocationModel; readonly context: unknown };

/** preInvocation hooks, handler, postInvocation hooks; hooks may replace inputs, handler, result and error. */
const callHandler = async (
  registry: Registry,
  given: HandlerCall,
  { core, model, context }: Step,
): Promise<Outcome> => {
  const { hooks, appHookData } = registry;
  const hookData = {};
  const before = { hookData, appHookData, invocationContext: context, ...given };
  core.state = "preInvocationHooks";
  if (hooks.preInvocation.length > 0) await runHooks(hooks.preInvocation, before);
  const { inputs, functionCallback } = before;
  const after = { hookData, appHookData, invocationContext: context, inputs, ...noOutcome };
  core.state = "invocation";
  try {
    after.result = await model.invokeFunction(context, inputs, functionCallback);
  } catch (error) {
    after.error = error;
  }
  core.state = "postInvocationHooks";
  if (hooks.postInvocation.length > 0) await runHooks(hooks.postInvocation, after);
  core.state = undefined;
  return after.error == null ? { ok: true, result: after.result } : { ok: false, error: after.error };
};

type HandlerCall = { inputs: unknown[]; functionCallback: FunctionCallback };
const noOutcome: { result: unknown; error: unknown } = { result: null, error: null };

type Given = { context: unknown; inputs: unknown[] };

/** Lets the library take the request it was handed, then tells it the invocation's own id. */
const takeArguments = async (model: InvocationModel, core: CoreInvocationContext): Promise<Given> => {
  const given = await model.getArguments();
  const { invocationId, handOverId } = core.request;
  if (handOverId === undefined || typeof given.context !== "object") return given;
  core.invocationId = invocationId;
  Object.assign(given.context ?? {}, { invocationId });
  return given;
};

/** The invocation pipeline of the worker: arguments, preInvocation, handler, postInvocation. */
export const createInvoker = (registry: Registry, log: Log): Invoker => {
  const execute: Invoker["execute"] = async (called, request) => {
    const programmingModel = registry.programmingModel();
    if (!programmingModel) throw new Error("The app has not registered with the host.");
    const { metadata } = called;
    const handOverId = request.handOverId ?? request.invocationId;
    let context: unknown;
    const core: CoreInvocationContext = {
      invocationId: handOverId,
      request,
      metadata,
      state: undefined,
      log: (level, category, message) =>
        writeLog(registry, log, { functionName: metadata.name, category, invocationContext: context, level, message }),
    };
    const model = await programmingModel.getInvocationModel(core);
    const respond = (result: unknown): Promise<InvocationResponse> =>
      // Of the context the library reads only these two here.
      model.getResponse(request.handOverId ? { invocationId: handOverId, extraOutputs: noOutputs } : context, result);
    try {
      const given = await takeArguments(model, core);
      context = given.context;
      const call = { inputs: given.inputs, functionCallback: called.callback };
      return { outcome: await callHandler(registry, call, { core, model, context }), respond };
    } catch (error) {
      return { outcome: { ok: false, error }, respond };
    }
  };
  return {
    execute,
    run: async (called, request) => {
      const { outcome, respond } = await execute(called, request);
      if (!outcome.ok) throw outcome.error instanceof Error ? outcome.error : new Error(String(outcome.error));
      return fromTypedData((await respond(outcome.result)).returnValue);
    },
  };
};

const noOutputs: ReadonlyMap<string, unknown> = new Map();
