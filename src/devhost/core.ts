import type {
  CoreLog,
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  HookName,
  ProgrammingModel,
} from "./core-types.ts";

export type RegisteredFunction = { readonly metadata: FunctionMetadata; readonly callback: FunctionCallback };

/** What an app registered while its entry file was loaded. */
export type Registry = {
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  readonly hooks: Readonly<Record<HookName, readonly HookCallback[]>>;
  /** Shared by all hooks of the app. */
  readonly appHookData: Record<string, unknown>;
  programmingModel(): ProgrammingModel | undefined;
  /** After this a registration throws, as it does in the worker. */
  close(): void;
};

/** The value an app gets for `require("@azure/functions-core")`. */
export type CoreApi = Readonly<Record<string, unknown>>;

const hookNames: readonly HookName[] = ["preInvocation", "postInvocation", "appStart", "appTerminate", "log"];
const isHookName = (name: string): name is HookName => hookNames.some((known) => known === name);

class Disposable {
  readonly #onDispose: () => void;
  constructor(onDispose: () => void) {
    this.#onDispose = onDispose;
  }
  static from(...all: readonly { dispose(): unknown }[]): Disposable {
    return new Disposable(() => all.forEach((one) => one.dispose()));
  }
  dispose(): void {
    this.#onDispose();
  }
}

const systemError = (error: Error): Error => Object.assign(error, { isAzureFunctionsSystemError: true });

const hookRegistrar = (hooks: Record<HookName, HookCallback[]>) => (name: string, callback: HookCallback) => {
  if (!isHookName(name)) throw systemError(new RangeError(`Unrecognized hook "${name}"`));
  hooks[name].push(callback);
  return new Disposable(() => {
    hooks[name] = hooks[name].filter((other) => other !== callback);
  });
};

/** Makes a fresh core module and the registry it fills. `log` takes what the library and the app log outside of invocations. */
export const createCore = (log: CoreLog): { readonly api: CoreApi; readonly registry: Registry } => {
  const functions = new Map<string, RegisteredFunction>();
  const hooks: Record<HookName, HookCallback[]> = {
    preInvocation: [],
    postInvocation: [],
    appStart: [],
    appTerminate: [],
    log: [],
  };
  let model: ProgrammingModel | undefined;
  let closed = false;
  const registerFunction = (metadata: FunctionMetadata, callback: FunctionCallback) => {
    const id = metadata.functionId ?? metadata.name;
    if (closed) throw systemError(new Error("A function can only be registered during app startup."));
    if (functions.has(id)) throw systemError(new Error(`A function with id "${id}" has already been registered.`));
    functions.set(id, { metadata, callback });
    return new Disposable(() => functions.delete(id));
  };
  const api = {
    version: "3.13.0",
    hostVersion: "4.1048.0",
    Disposable,
    registerFunction,
    registerHook: hookRegistrar(hooks),
    setProgrammingModel: (next: ProgrammingModel) => (model = next),
    getProgrammingModel: () => model,
    log,
  };
  const registry = { functions, hooks, appHookData: {}, programmingModel: () => model, close: () => (closed = true) };
  return { api, registry };
};
