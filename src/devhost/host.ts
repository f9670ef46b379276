import { join } from "node:path";
import { createAdministration } from "./http/administration.ts";
import { defaultBodyLimitBytes } from "./http/body-limit.ts";
import { createDurable } from "./durable/durable.ts";
import type { Durable } from "./durable/types.ts";
import { durableCalls } from "./durable-calls.ts";
import { functionTimeout } from "./function-timeout.ts";
import { type HostOptions, type Settled, settleOptions } from "./host-options.ts";
import { createHttpHandler, type HttpHandler } from "./http/http-handler.ts";
import { type Certificate, listen, type Listener } from "./http/http-listener.ts";
import { type Keys, openKeys } from "./http/keys.ts";
import { requestListener } from "./http/request-listener.ts";
import { createRouteTable } from "./http/route-table.ts";
import { createHttpRunner } from "./http/run-http-function.ts";
import { type RunningApp, runApp } from "./running-app.ts";
import { createTimers, type Timers } from "./timers/timers.ts";

/** A host that is ready to serve. */
export type Host = {
  readonly url: string;
  /** Undefined without tls. */
  readonly tlsUrl: string | undefined;
  readonly masterKey: string;
  readonly functionNames: readonly string[];
  /** Serves https with this certificate from now on; nothing without tls. */
  renewCertificate(certificate: Certificate): void;
  /** Resolves when no orchestration is running or due. */
  idle(): Promise<void>;
  /** Takes nothing new, gives what runs so long (10 s by default) to end, then closes everything. */
  stop(graceMs?: number): Promise<void>;
};

/** What has been opened, in any state of starting. */
type Parts = { readonly listeners: Listener[]; durable?: Durable; app?: RunningApp; timers?: Timers };

const defaultGraceMs = 10_000;

const atMost = (graceMs: number, work: Promise<void>): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, graceMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });

const shutDown = async ({ listeners, durable, app, timers }: Parts, graceMs: number, settled: Settled) => {
  const deadline = settled.clock.now() + graceMs;
  const closing = listeners.map((listener) => listener.close(graceMs));
  const ended = atMost(graceMs, timers?.stop() ?? Promise.resolve());
  await Promise.all([...closing, ended]);
  await durable?.stop(Math.max(0, deadline - settled.clock.now()));
  // Last, because it may close what functions work with.
  await app?.terminate().catch((error: unknown) => {
    settled.log("error", "Host.Shutdown", `A hook of the app failed at its end: ${String(error)}`);
  });
};

/** Opens the ports; requests wait until the handler is there. */
const openPorts = async (
  settled: Settled,
  handler: Promise<HttpHandler>,
  parts: Parts,
): Promise<readonly Listener[]> => {
  const handle = requestListener(handler, settled.log);
  const { address, port, tls } = settled;
  const wanted: readonly { readonly port: number; readonly tls?: Certificate }[] = tls
    ? [{ port }, { port: tls.port, tls }]
    : [{ port }];
  for (const door of wanted) parts.listeners.push(await listen({ ...door, address, handle }));
  settled.environment["WEBSITE_HOSTNAME"] ??= `localhost:${parts.listeners[0]?.port}`;
  return parts.listeners;
};

const openDurable = (settled: Settled, parts: Parts): Durable => {
  const { config, clock, log, dataDir } = settled;
  const app = (): RunningApp => {
    if (!parts.app) throw new Error("The app is not loaded yet.");
    return parts.app;
  };
  const durable: Durable = createDurable({
    databaseFile: join(dataDir, "runs.db"),
    hubName: config.hubName,
    limits: config,
    functionTimeoutMs: config.functionTimeoutMs,
    clock,
    log,
    ...durableCalls(app, () => durable.clientBinding()),
  });
  return durable;
};

const handlerOf = (settled: Settled, keys: Keys, parts: Required<Omit<Parts, "listeners">>): HttpHandler => {
  const { config, clock, log, environment } = settled;
  const { app, durable, timers } = parts;
  const bodyLimitBytes = Number(environment["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"] ?? defaultBodyLimitBytes);
  const shared = { log, bodyLimitBytes, clientBinding: () => durable.clientBinding() };
  const timeout = functionTimeout(clock, config.functionTimeoutMs);
  return createHttpHandler({
    routes: createRouteTable(app.functions.http),
    run: createHttpRunner({
      ...shared,
      proxies: new Set(settled.proxies),
      timeout,
      invoker: app.invoker,
      inner: app.inner,
    }),
    keys,
    administration: createAdministration({
      keys,
      upSince: clock.now(),
      now: () => clock.now(),
      functionNames: app.names,
      runTimer: (name) => timers.runNow(name),
      rpcBaseUrl: () => durable.rpcBaseUrl(),
    }),
    bodyLimitBytes,
    homePage: environment["AzureWebJobsDisableHomepage"]?.toLowerCase() !== "true",
  });
};

const openTimers = ({ config, clock, log }: Settled, app: RunningApp, durable: Durable): Timers =>
  createTimers({
    functions: app.functions.timers,
    invoker: app.invoker,
    store: durable.timerStatus,
    clock,
    log,
    clientBinding: () => durable.clientBinding(),
    timeout: functionTimeout(clock, config.functionTimeoutMs),
  });

/** Opens everything in the order that lets a problem of the machine show before the app has run. */
const openAll = async (settled: Settled, parts: Parts): Promise<Keys> => {
  let serve: (handler: HttpHandler) => void = () => {};
  const handler = new Promise<HttpHandler>((resolve) => (serve = resolve));
  const keys = openKeys(join(settled.dataDir, "keys"));
  await openPorts(settled, handler, parts);
  const durable = (parts.durable = openDurable(settled, parts));
  const app = (parts.app = await runApp(settled));
  await durable.start();
  const timers = (parts.timers = openTimers(settled, app, durable));
  timers.start();
  serve(handlerOf(settled, keys, { app, durable, timers }));
  return keys;
};

/** Runs an app until `stop`. Rejects with a HostFailure, and leaves nothing open, if it cannot be started. */
export const startHost = async (options: HostOptions): Promise<Host> => {
  const settled = settleOptions(options);
  const parts: Parts = { listeners: [] };
  try {
    const keys = await openAll(settled, parts);
    const [http, https] = parts.listeners;
    let stopping: Promise<void> | undefined;
    return {
      url: http?.url ?? "",
      tlsUrl: https?.url,
      masterKey: keys.master,
      functionNames: parts.app?.names ?? [],
      renewCertificate: (certificate) => https?.renew(certificate),
      idle: async () => parts.durable?.idle(),
      stop: (graceMs = defaultGraceMs) => (stopping ??= shutDown(parts, graceMs, settled)),
    };
  } catch (error) {
    await shutDown(parts, 0, settled);
    throw error;
  }
};
