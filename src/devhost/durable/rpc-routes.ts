import { randomUUID } from "node:crypto";
import { managementUrls } from "./client-binding.ts";
import type { Engine } from "./engine.ts";
import { statusBody, statusCode, type StatusOptions } from "./status-body.ts";
import type { InstanceFilter, Store } from "./store.ts";
import { parseEvents } from "./history-event.ts";
import { purgeInstance } from "./transitions.ts";

export interface RpcRequest {
  readonly method: string;
  /** Decoded, without the server's own prefix. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: string;
}

export interface RpcAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

interface RpcContext {
  readonly store: Store;
  readonly engine: Engine;
  readonly hubName: string;
  readonly rpcBaseUrl: string;
}

const message = (status: number, text: string): RpcAnswer => ({ status, body: { Message: text } });
const missing = (id: string): RpcAnswer => message(404, `No instance with ID '${id}' found.`);

/** The SDK shows a body that is plain text. */
const unsupported = (what: string): RpcAnswer => ({
  status: 501,
  body: `${what} is not supported by this host. The durable client can start, read, terminate and purge instances.`,
});

const startAnswer = ({ rpcBaseUrl, hubName }: RpcContext, id: string): RpcAnswer => ({
  status: 202,
  headers: { Location: `${rpcBaseUrl}instances/${encodeURIComponent(id)}`, "Retry-After": "10" },
  body: managementUrls(hubName, id),
});

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const start = async (context: RpcContext, { body, path }: RpcRequest): Promise<RpcAnswer> => {
  const [, name = "", givenId = ""] = path;
  const input = body === "" ? "null" : body;
  if (!isJson(input)) return message(400, "The input of the orchestration is not JSON.");
  const instanceId = givenId || randomUUID().replaceAll("-", "");
  const running = await context.engine.startInstance({ instanceId, name, input });
  return running === undefined
    ? startAnswer(context, instanceId)
    : message(409, `An Orchestration instance with the status ${running} already exists.`);
};

const isTrue = (query: URLSearchParams, key: string): boolean => query.get(key)?.toLowerCase() === "true";

const statusOptions = (query: URLSearchParams): StatusOptions => ({
  showInput: query.get("showInput")?.toLowerCase() !== "false",
  showHistory: isTrue(query, "showHistory"),
  showHistoryOutput: isTrue(query, "showHistoryOutput"),
});

const readOne = ({ store, rpcBaseUrl }: RpcContext, { path, query }: RpcRequest): RpcAnswer => {
  const [, id = ""] = path;
  const instance = store.instance(id);
  if (!instance) return missing(id);
  const status = statusCode(instance);
  const body = statusBody(instance, statusOptions(query), () => parseEvents(store.historyText(id)));
  if (status === 200) return { status, body };
  return {
    status,
    body,
    headers: { Location: `${rpcBaseUrl}instances/${encodeURIComponent(id)}`, "Retry-After": "5" },
  };
};

/** Undefined when a time cannot be read. */
const filterOf = (query: URLSearchParams): InstanceFilter | undefined => {
  const time = (key: string, otherwise: number): number => {
    const text = query.get(key);
    return text ? Date.parse(text) : otherwise;
  };
  const createdFrom = time("createdTimeFrom", 0);
  const createdTo = time("createdTimeTo", Number.MAX_SAFE_INTEGER);
  if (Number.isNaN(createdFrom) || Number.isNaN(createdTo)) return undefined;
  const statuses = (query.get("runtimeStatus") ?? "").split(",").filter((status) => status !== "");
  return { createdFrom, createdTo, statuses, idPrefix: query.get("instanceIdPrefix") ?? "" };
};

const readMany = ({ store }: RpcContext, { query }: RpcRequest): RpcAnswer => {
  const filter = filterOf(query);
  if (!filter) return message(400, "createdTimeFrom and createdTimeTo are times such as 2026-01-31T00:00:00Z.");
  const options = { ...statusOptions(query), showHistory: false };
  const body = store.instances(filter).map((instance) => statusBody(instance, options, () => []));
  return { status: 200, body };
};

const purgeOne = async ({ store }: RpcContext, { path }: RpcRequest): Promise<RpcAnswer> => {
  const [, id = ""] = path;
  const answer = await store.database.transact(() => purgeInstance(store, id));
  if (answer === "missing") return missing(id);
  if (answer === "running") return message(412, "Only orchestrations in a terminal state can be purged.");
  return { status: 200, body: { instancesDeleted: 1 } };
};

const purgeMany = async ({ store }: RpcContext, { query }: RpcRequest): Promise<RpcAnswer> => {
  const filter = filterOf(query);
  if (!filter || !query.get("createdTimeFrom"))
    return message(400, "Please provide value for 'createdTimeFrom' parameter.");
  const purged = await store.database.transact(
    () => store.instances(filter).filter(({ instanceId }) => purgeInstance(store, instanceId) === "purged").length,
  );
  return purged === 0 ? { status: 404 } : { status: 200, body: { instancesDeleted: purged } };
};

const terminate = async ({ engine }: RpcContext, { path, query }: RpcRequest): Promise<RpcAnswer> => {
  const [, id = ""] = path;
  const answer = await engine.terminateInstance(id, query.get("reason") ?? "");
  if (answer === "missing") return missing(id);
  return { status: answer === "accepted" ? 202 : 410 };
};

/** The part of the Durable extension's HTTP API that the client of durable-functions 3.5.0 uses, as far as supported. */
export const answerRpc = async (context: RpcContext, request: RpcRequest): Promise<RpcAnswer> => {
  const { method, path } = request;
  const [collection, first = "", operation] = path;
  if (path.some((part) => part.includes("\0"))) return message(400, "An id or a name holds a NUL character.");
  if (collection === "entities") return unsupported("An entity");
  if (collection === "orchestrators" && method === "POST" && first !== "" && path.length <= 3)
    return start(context, request);
  if (collection !== "instances" || path.length > 4) return { status: 404 };
  if (method === "POST" && operation === "terminate" && path.length === 3) return terminate(context, request);
  if (method === "POST" && operation !== undefined) return unsupported(operation);
  if (operation !== undefined) return { status: 404 };
  if (method === "GET") return first === "" ? readMany(context, request) : readOne(context, request);
  if (method === "DELETE") return first === "" ? purgeMany(context, request) : purgeOne(context, request);
  return { status: 404 };
};
