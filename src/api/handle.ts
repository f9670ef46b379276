import { randomUUID } from "node:crypto";
import { Refusal, refuse } from "../domain/errors.ts";
import { SecretUnreadable } from "../domain/secret.ts";
import { isStoreFailure } from "../domain/store-failure.ts";
import { mayAct, reaches, type Caller, type Role } from "../domain/caller.ts";
import { siteLabel, siteWithSlot, type SiteId } from "../domain/site.ts";
import type { Audit } from "../ports/audit.ts";
import type { Call } from "../ports/call.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { WorkflowRunner } from "../ports/workflow-runner.ts";
import { armError } from "./arm-error.ts";
import { audited, type Note } from "./audited.ts";
import type { Callers } from "./callers/callers.ts";
import { pathPattern } from "./match.ts";
import type { ApiRequest } from "./request.ts";
import type { ApiResponse } from "./response.ts";
import { parseBody, type JsonObject } from "./wire/lenient-json.ts";

/** What a route's handler gets: everything parsed, everything allowed. */
export interface RouteCall extends Call {
  readonly request: ApiRequest;
  readonly apiVersion: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly isAdmin: boolean;
  /** Tells the audit what the path does not. */
  readonly note: Note;
  /** The site of the path; throws where the route has none. */
  readonly site: () => SiteId;
  /** The body's JSON object; an empty body is {}. */
  readonly body: () => Promise<JsonObject>;
}

export interface Route {
  readonly name: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly role: Role;
  /** Without a site in its path a route is refused to whoever is limited to sites, unless it minds his reach itself. */
  readonly mindsReach?: true;
  /** With a site in its path a route is refused all the same to whoever is limited to sites: it could lead beyond it. */
  readonly needsAllSites?: true;
  /** POSTs that change nothing; `secrets` are shown to admins, and that they were is kept. */
  readonly reads?: "plain" | "secrets";
  /** For clients that do not speak ARM. */
  readonly needsNoVersion?: true;
  readonly handle: (call: RouteCall) => Promise<ApiResponse>;
}

/** What may be asked without being known, such as how to log in. It does without a version. */
export interface OpenRoute {
  readonly name: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly handle: (request: ApiRequest) => Promise<ApiResponse>;
}

interface ApiDeps {
  readonly routes: readonly Route[];
  readonly openRoutes: readonly OpenRoute[];
  readonly callers: Pick<Callers, "of" | "sourceOf">;
  readonly audit: Audit;
  readonly clock: Clock;
}

export interface Invocation {
  readonly requestId: string;
  readonly runner: WorkflowRunner;
  readonly log: Log;
}

/** More than any request needs, and little enough to be read in between: whoever may ask must not hold up the others. */
const maxBodyBytes = 1024 * 1024;

/** Authenticate, match, parse, operate, present; and the one catch of the API. */
export const createApi = ({ routes, openRoutes, callers, ...deps }: ApiDeps) => {
  const table = routes.map((route) => ({ route, pattern: pathPattern(route.path) }));
  const open = openRoutes.map((route) => ({ route, pattern: pathPattern(route.path) }));

  const answer = async (request: ApiRequest, invocation: Invocation, correlation: string): Promise<ApiResponse> => {
    const method = request.method === "HEAD" ? "GET" : request.method;
    const isOpen = open.find(({ route, pattern }) => route.method === method && pattern.match(request.url.pathname));
    if (isOpen) return isOpen.route.handle(request);
    const caller = await callers.of(request);
    for (const { route, pattern } of table) {
      if (route.method !== method) continue;
      const parameters = pattern.match(request.url.pathname);
      if (parameters === undefined) continue;
      const site = parameters["siteName"] === undefined ? undefined : siteOf(parameters);
      const { log } = invocation;
      const refusalOf = (error: unknown): Refusal => toRefusal(error, correlation, log);
      const asked = {
        route,
        caller,
        source: callers.sourceOf(request),
        request: correlation,
        site,
        parameters,
        log,
        refusalOf,
      };
      return audited(deps, asked, async (note) =>
        route.handle(routeCall({ route, parameters, request, caller, correlation, note }, invocation)),
      );
    }
    throw refuse("RouteNotFound", { method: request.method, path: request.url.pathname });
  };

  return async (request: ApiRequest, invocation: Invocation): Promise<ApiResponse> => {
    const correlation = randomUUID();
    const response = await answer(request, invocation, correlation).catch((error: unknown) =>
      armError(toRefusal(error, correlation, invocation.log)),
    );
    const whole = { ...response, headers: { ...arrivalHeaders(request, correlation), ...response.headers } };
    return request.method === "HEAD" ? headOf(whole) : whole;
  };
};

/** What GET answers, without its body but with that body's length. */
const headOf = ({ body, ...rest }: ApiResponse): ApiResponse =>
  typeof body === "string"
    ? { ...rest, headers: { ...rest.headers, "content-length": String(Buffer.byteLength(body)) } }
    : rest;

const toRefusal = (error: unknown, requestId: string, log: Log): Refusal => {
  if (error instanceof Refusal) return error;
  if (error instanceof SecretUnreadable) {
    log.error("secret unreadable", { requestId, error });
    return refuse("SecretUnreadable", { reason: error.message });
  }
  if (isStoreFailure(error, "Unavailable", "Full")) {
    log.error("store failed", { requestId, error });
    return refuse("Unavailable", { reason: error.message });
  }
  log.error("request failed", { requestId, error });
  return refuse("Internal", { request: requestId });
};

const arrivalHeaders = (request: ApiRequest, correlation: string): Record<string, string> => {
  const clientId = request.headers.get("x-ms-client-request-id");
  return {
    "x-ms-request-id": correlation,
    "x-ms-correlation-request-id": request.headers.get("x-ms-correlation-request-id") ?? correlation,
    ...(clientId === null ? {} : { "x-ms-client-request-id": clientId }),
    "cache-control": "no-cache",
  };
};

interface Matched {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
  readonly request: ApiRequest;
  readonly caller: Caller;
  readonly correlation: string;
  readonly note: Note;
}

const routeCall = (matched: Matched, invocation: Invocation): RouteCall => {
  const { route, parameters, request, caller, correlation, note } = matched;
  const site = (): SiteId => siteOf(parameters);
  checkCaller(caller, route, parameters["siteName"] === undefined ? undefined : site());
  const { runner, log } = invocation;
  return {
    requestId: correlation,
    caller: caller.name,
    reach: caller.reach,
    runner,
    log,
    request,
    apiVersion: route.needsNoVersion === true ? "" : apiVersionOf(request.url),
    parameters,
    isAdmin: mayAct(caller, "admin"),
    note,
    site,
    body: async () => parseBody(await request.text(maxBodyBytes)),
  };
};

/** The same answer whether the site exists or not: nobody learns what lies beyond his reach. */
const checkCaller = (caller: Caller, route: Route, site: SiteId | undefined): void => {
  const { name, reach } = caller;
  if (site !== undefined && !reaches(reach, site))
    throw refuse("SiteNotReached", { caller: name, site: siteLabel(site) });
  if (!mayAct(caller, route.role)) {
    const on = site === undefined ? "this installation" : siteLabel(site);
    throw refuse("CallerNotAllowed", { caller: name, role: route.role, site: on });
  }
  const isForAll = site === undefined ? route.mindsReach !== true : route.needsAllSites === true;
  if (isForAll && reach !== "all") throw refuse("AllSitesNeeded", { caller: name });
};

const siteOf = (parameters: Readonly<Record<string, string>>): SiteId => {
  const { subscription, resourceGroup, siteName, slotName } = parameters;
  if (subscription === undefined || resourceGroup === undefined || siteName === undefined)
    throw new Error("This route has no site.");
  return siteWithSlot({ subscription, resourceGroup, name: siteName }, slotName);
};

/** Any version passes; a missing one does not, as at ARM. Query names are matched without case. */
const apiVersionOf = (url: URL): string => {
  for (const [name, value] of url.searchParams) if (name.toLowerCase() === "api-version" && value !== "") return value;
  throw refuse("ApiVersionMissing");
};
