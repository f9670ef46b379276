import { HostFailure } from "../host-failure.ts";
import { clientBinding } from "./client-binding.ts";
import { Engine } from "./engine.ts";
import { type RpcAnswer, answerRpc } from "./rpc-routes.ts";
import { RpcServer } from "./rpc-server.ts";
import { Store } from "./store.ts";
import type { Durable, DurableOptions } from "./types.ts";
import { messageOf } from "../message-of.ts";

/** Orchestrations of durable-functions 3 on SQLite. Throws a HostFailure when the database cannot be used. */
export const createDurable = (options: DurableOptions): Durable => {
  const { databaseFile, hubName, log } = options;
  const store = new Store(databaseFile);
  const engine = new Engine(store, options);
  const failed = (error: unknown): RpcAnswer => {
    const message = messageOf(error);
    const stack = error instanceof Error && !(error instanceof HostFailure) ? error.stack : undefined;
    log("error", "Host.Durable", `A call of the durable client failed: ${stack ?? message}`);
    return { status: 500, body: { Message: message } };
  };
  const server: RpcServer = new RpcServer(
    (request) => answerRpc({ store, engine, hubName, rpcBaseUrl: server.baseUrl }, request),
    failed,
  );
  return {
    timerStatus: store,
    start: async () => {
      await server.listen();
      engine.start();
    },
    stop: async (graceMs) => {
      await engine.stop(graceMs);
      await server.close();
      store.database.close();
    },
    clientBinding: () => clientBinding(hubName, server.baseUrl),
    rpcBaseUrl: () => server.baseUrl,
    idle: () => engine.idle(),
  };
};
