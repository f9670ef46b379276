import type { IncomingMessage, ServerResponse } from "node:http";
import { hostname } from "node:os";
import { text } from "node:stream/consumers";
import type { Grant, Keys } from "./keys.ts";
import { presentedKey } from "./keys.ts";
import { forward } from "./forward.ts";
import type { RequestPath } from "./request-path.ts";

/** Answers the host's own addresses; false for a path that is not one of them. */
export type Administration = (
  request: IncomingMessage,
  response: ServerResponse,
  path: RequestPath,
) => false | true | Promise<true>;

type AdministrationOptions = {
  readonly keys: Keys;
  readonly upSince: number;
  readonly now: () => number;
  readonly functionNames: readonly string[];
  /** Starts a timer function beside its schedule; false if there is no such timer. */
  readonly runTimer: (name: string) => boolean;
  /** Where the durable client's server listens, with a trailing slash. */
  readonly rpcBaseUrl: () => string;
};

type Answer = { readonly status: number; readonly body?: unknown };
const missing: Answer = { status: 404 };

const send = (response: ServerResponse, { status, body }: Answer): true => {
  const text = body === undefined ? "" : JSON.stringify(body);
  const type = body === undefined ? {} : { "content-type": "application/json; charset=utf-8" };
  response.writeHead(status, { ...type, "content-length": String(Buffer.byteLength(text)) }).end(text);
  return true;
};

/** 401 without a key that is known, 403 for one that is too weak. */
const refusal = (grant: Grant, accepted: readonly Grant[]): Answer | undefined => {
  if (accepted.includes(grant)) return undefined;
  return { status: grant === "none" || grant === "invalid" ? 401 : 403 };
};

const hostStatus = ({ upSince, now }: AdministrationOptions): Answer => ({
  status: 200,
  body: { id: hostname(), state: "Running", version: "4.1048.0", processUptime: now() - upSince },
});

const keyList = (options: AdministrationOptions, kind: Parameters<Keys["list"]>[0]): Answer => ({
  status: 200,
  body: { keys: options.keys.list(kind).map(({ name, value }) => ({ name, value })), links: [] },
});

const functionNamed = (options: AdministrationOptions, name: string): string | undefined =>
  options.functionNames.find((known) => known.toLowerCase() === name.toLowerCase());

const isJsonObject = (body: string): boolean => {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

/** Starts a function. The body holds what the function is given, which for a timer is nothing, but must be there. */
const invoke = async (options: AdministrationOptions, request: IncomingMessage, name: string): Promise<Answer> => {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) return { status: 415 };
  if (!isJsonObject(await text(request))) return { status: 400 };
  const functionName = functionNamed(options, name);
  if (functionName === undefined) return missing;
  return { status: options.runTimer(functionName) ? 202 : 400 };
};

const adminAnswer = (
  options: AdministrationOptions,
  request: IncomingMessage,
  path: string,
): Answer | Promise<Answer> => {
  const { method } = request;
  const [area, name = "", rest] = path.split("/").slice(2);
  if (area === "host" && method === "GET") {
    if (name === "status") return hostStatus(options);
    if (name === "keys" || name === "functionkeys") return keyList(options, "host");
    if (name === "systemkeys") return keyList(options, "system");
  }
  if (area !== "functions") return missing;
  if (method === "POST" && rest === undefined) return invoke(options, request, name);
  const functionName = functionNamed(options, name);
  return method === "GET" && rest === "keys" && functionName !== undefined
    ? keyList(options, { functionName })
    : missing;
};

const webhooks = "/runtime/webhooks/";
const durable = `${webhooks}durabletask/`;

/** The host's addresses that win over functions: `/admin/host/...`, `/admin/functions/...`, `/runtime/webhooks/...`. */
export const createAdministration = (options: AdministrationOptions): Administration => {
  const grantOf = (request: IncomingMessage, path: RequestPath): Grant =>
    options.keys.grant(presentedKey(request.headers, path.search));
  const administer = async (request: IncomingMessage, response: ServerResponse, path: RequestPath): Promise<true> => {
    const refused = refusal(grantOf(request, path), ["master"]);
    return send(response, refused ?? (await adminAnswer(options, request, path.path.toLowerCase())));
  };
  return (request, response, path) => {
    const lower = path.path.toLowerCase();
    if (!lower.startsWith("/admin/") && !lower.startsWith(webhooks)) return false;
    if (lower === "/admin/host/ping") return send(response, { status: 200 });
    if (/^\/admin\/(?:host|functions)\/./.test(lower)) return administer(request, response, path);
    if (!lower.startsWith(webhooks)) return false;
    const target = request.url ?? "";
    if (!target.toLowerCase().startsWith(durable)) return send(response, missing);
    const refused = refusal(grantOf(request, path), ["master", "system"]);
    if (refused) return send(response, refused);
    const outer = `${"encrypted" in request.socket ? "https" : "http"}://${request.headers.host ?? "localhost"}${durable}`;
    return forward({ request, response }, target.slice(durable.length), { inner: options.rpcBaseUrl(), outer });
  };
};
