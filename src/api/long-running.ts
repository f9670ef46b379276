import { siteResourceId } from "../domain/site.ts";
import type { Operation } from "../operations/rows/operation-rows.ts";
import type { SiteDefinition } from "../ports/sites.ts";
import type { RouteCall } from "./handle.ts";
import { empty, json, type ApiResponse } from "./response.ts";
import { siteEnvelope } from "./wire/site.ts";

/** A short wait suits small sites; clients that do not read the header wait 2 to 30 seconds anyway. */
const retryAfterSeconds = 2;

/** Absolute, by the scheme and host of the request: old clients do not resolve a relative one. */
export const absoluteUrl = (call: RouteCall, path: string): string =>
  `${call.request.url.origin}${path}${path.includes("?") ? "&" : "?"}api-version=${encodeURIComponent(call.apiVersion)}`;

/** Segments of an id may hold what a header and a URL cannot, such as spaces and umlauts. */
const resourcePath = (site: SiteDefinition): string => encodeURI(siteResourceId(site.id));

/** "Under way": 202, where to ask, and when. Said at the start and again at every poll. */
export const accepted = (call: RouteCall, site: SiteDefinition, operation: Operation): ApiResponse =>
  empty(202, {
    location: absoluteUrl(call, `${resourcePath(site)}/operationresults/${operation.id}`),
    "retry-after": String(retryAfterSeconds),
  });

/** What a restore answers first: 202 and where to poll, or to api-versions before 2018 the operation's id, at once. */
export const started = (call: RouteCall, site: SiteDefinition, operation: Operation): ApiResponse =>
  call.apiVersion < "2018-01-01"
    ? json(200, { ...siteEnvelope(site), properties: { operationId: operation.id } })
    : accepted(call, site, operation);
