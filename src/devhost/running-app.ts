import { type AppFunctions, sortFunctions } from "./app-functions.ts";
import { createCore, type Registry } from "./core.ts";
import { HostFailure } from "./host-failure.ts";
import type { Settled } from "./host-options.ts";
import { createInvoker, type Invoker } from "./invoke.ts";
import { importApp, type InnerServer, openInnerServer } from "./load-app.ts";
import { messageOf } from "./message-of.ts";

/** An app whose entry file has run. */
export type RunningApp = {
  readonly functions: AppFunctions;
  readonly names: readonly string[];
  readonly invoker: Invoker;
  readonly inner: InnerServer | undefined;
  /** Tells the app that the host is about to end. */
  terminate(): Promise<void>;
};

/** The app's entry file threw while it was loaded; the reason is the cause. */
export class AppNotLoaded extends HostFailure {
  constructor(appFile: string, error: unknown) {
    super(`The app ${appFile} could not be loaded: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

const runHooks = async (registry: Registry, name: "appStart" | "appTerminate", rootDir: string): Promise<void> => {
  const context = { hookData: {}, appHookData: registry.appHookData, functionAppDirectory: rootDir };
  for (const hook of registry.hooks[name]) await hook({ ...context });
};

/** Loads the app and reads what it registered. Throws a HostFailure if it cannot be loaded or served. */
export const runApp = async ({ appFile, rootDir, config, environment, log }: Settled): Promise<RunningApp> => {
  const { api, registry } = createCore((level, category, message) => log(level, `Worker.${category}`, message));
  let inner: InnerServer | undefined;
  try {
    await importApp(appFile, api);
    await runHooks(registry, "appStart", rootDir);
    inner = await openInnerServer(registry);
  } catch (error) {
    throw error instanceof HostFailure ? error : new AppNotLoaded(appFile, error);
  }
  const registered = [...registry.functions.values()];
  return {
    functions: sortFunctions({ functions: registered, routePrefix: config.routePrefix, environment, log }),
    names: registered.map(({ metadata }) => metadata.name),
    invoker: createInvoker(registry, log),
    inner,
    terminate: () => runHooks(registry, "appTerminate", rootDir),
  };
};
