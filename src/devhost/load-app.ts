import Module from "node:module";
import { Server } from "node:net";
import { pathToFileURL } from "node:url";
import type { CoreApi, Registry } from "./core.ts";
import type { ProgrammingModel } from "./core-types.ts";
import { HostFailure } from "./host-failure.ts";

type Load = (request: string, ...rest: readonly unknown[]) => unknown;
// Node's module loader has no typed name for the function that `require` ends in.
const loader = Module as unknown as { _load: Load };
const nodeLoad = loader._load;
let provided: CoreApi | undefined;
let loads = 0;

const provideCore = (core: CoreApi): void => {
  provided = core;
  loader._load = (request, ...rest) =>
    request === "@azure/functions-core" && provided ? provided : nodeLoad(request, ...rest);
};

/**
 * Imports the app's entry file, which registers its functions with `core`. A second load in one process gets a fresh
 * copy of the file, so that it registers again.
 */
export const importApp = async (appFile: string, core: CoreApi): Promise<void> => {
  provideCore(core);
  loads++;
  const url = pathToFileURL(appFile).href + (loads > 1 ? `?load=${loads}` : "");
  await import(/* @vite-ignore */ url);
};

/** The server inside the app that takes HTTP requests in stream mode. */
export type InnerServer = Pick<Server, "emit">;

/**
 * Asks the app for its capabilities, which makes it open its inner server. That server is caught before it binds: the
 * host hands requests to it directly, so no second port exists that anyone could reach.
 */
const catchInnerServer = async (model: ProgrammingModel): Promise<Server | undefined> => {
  // oxlint-disable-next-line typescript/unbound-method -- put back on the prototype below, called nowhere
  const listen = Server.prototype.listen;
  let caught: Server | undefined;
  Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    // oxlint-disable-next-line typescript/no-this-alias -- the server that is being opened is what is looked for
    caught = this;
    this.address = () => ({ address: "127.0.0.1", family: "IPv4", port: 1 });
    const onListening = args.find((arg) => typeof arg === "function");
    if (onListening) process.nextTick(onListening);
    return this;
  };
  try {
    const capabilities = await model.getCapabilities({});
    return capabilities["HttpUri"] === undefined ? undefined : caught;
  } finally {
    Server.prototype.listen = listen;
  }
};

/** Ends an app's start-up; refuses apps the host cannot serve as the cloud would. */
export const openInnerServer = async (registry: Registry): Promise<InnerServer | undefined> => {
  registry.close();
  const model = registry.programmingModel();
  if (!model)
    throw new HostFailure(
      "The app registered no functions. Check that its entry file calls app.http, app.timer or df.app.",
    );
  const inner = await catchInnerServer(model);
  const hasHttp = [...registry.functions.values()].some(({ metadata }) =>
    Object.values(metadata.bindings).some((binding) => binding.type === "httpTrigger"),
  );
  if (hasHttp && !inner)
    throw new HostFailure(
      "The app has HTTP functions but is not in stream mode, which this host needs. Call app.setup({ enableHttpStream: true }) before registering them.",
    );
  return inner;
};
