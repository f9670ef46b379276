import type { ErrorCode, Refusal } from "../domain/errors.ts";
import { json, type ApiResponse } from "./response.ts";

interface Mapping {
  readonly status: number;
  /** ARM's own word where it has one; clients and scripts compare it. */
  readonly code?: string;
}

/** The one mapping from what Lifeboat refuses to HTTP. A new code does not compile until it stands here. */
export const httpOf: Readonly<Record<ErrorCode, Mapping>> = {
  AllSitesNeeded: { status: 403, code: "AuthorizationFailed" },
  ApiVersionMissing: { status: 400, code: "MissingApiVersionParameter" },
  ArchiveAltered: { status: 409 },
  ArchiveNotReached: { status: 403, code: "AuthorizationFailed" },
  ArchiveUnreadable: { status: 409 },
  BackupNotFound: { status: 404, code: "NotFound" },
  BackupNotRestorable: { status: 409, code: "Conflict" },
  BackupUnreadable: { status: 409 },
  BodyIncomplete: { status: 408, code: "RequestTimeout" },
  BodyTooLarge: { status: 413 },
  CallerNotAllowed: { status: 403, code: "AuthorizationFailed" },
  CallerUnknown: { status: 401, code: "AuthenticationFailed" },
  CallerWithoutRole: { status: 403, code: "AuthorizationFailed" },
  ConfigurationNotFound: { status: 404, code: "NotFound" },
  ConfigurationNotReached: { status: 403, code: "AuthorizationFailed" },
  ContainerNotReached: { status: 403, code: "AuthorizationFailed" },
  DatabaseNotReached: { status: 403, code: "AuthorizationFailed" },
  DestinationMissing: { status: 400, code: "BadRequest" },
  DestinationRefused: { status: 400, code: "BadRequest" },
  DestinationUnavailable: { status: 409 },
  DiskFull: { status: 507, code: "InsufficientStorage" },
  Internal: { status: 500, code: "InternalServerError" },
  InvalidBody: { status: 400, code: "BadRequest" },
  InvalidField: { status: 400, code: "BadRequest" },
  KeyExists: { status: 409, code: "Conflict" },
  KeyExpired: { status: 401, code: "ExpiredAuthenticationToken" },
  KeyNotFound: { status: 404, code: "NotFound" },
  NothingToUndo: { status: 409, code: "Conflict" },
  OperationNotCancellable: { status: 409, code: "Conflict" },
  OperationNotFound: { status: 404, code: "NotFound" },
  PathNotInBackup: { status: 404, code: "NotFound" },
  QuotaExceeded: { status: 409, code: "Conflict" },
  // A failed restore is told as 4xx where it is polled: 200 would read as success, and clients repeat after a 5xx.
  RestoreFailed: { status: 409, code: "ResourceOperationFailure" },
  RouteNotFound: { status: 404, code: "NotFound" },
  SecretUnreadable: { status: 409 },
  SiteBusy: { status: 409, code: "Conflict" },
  SiteDirectoryRefused: { status: 400, code: "BadRequest" },
  SiteDirectoryTaken: { status: 409, code: "Conflict" },
  SiteExists: { status: 409, code: "Conflict" },
  SiteKnown: { status: 409, code: "Conflict" },
  SiteFileInvalid: { status: 409 },
  SiteFilesMissing: { status: 409 },
  SiteNotFound: { status: 404, code: "ResourceNotFound" },
  SiteNotReached: { status: 403, code: "AuthorizationFailed" },
  SubscriptionNotFound: { status: 404 },
  TokenRefused: { status: 401, code: "InvalidAuthenticationToken" },
  TooManyRequests: { status: 429 },
  Unavailable: { status: 503, code: "ServiceUnavailable" },
};

/** Both of ARM's error forms in one object: between them every client finds code and message (reference, 3.4). */
export const armError = (refusal: Refusal): ApiResponse => {
  const { status, code = refusal.code } = httpOf[refusal.code];
  const { message } = refusal;
  const details = code === refusal.code ? [] : [{ code: refusal.code, message, target: null }];
  const body = {
    Code: code,
    Message: message,
    Target: null,
    Details: [{ Message: message }, { Code: code }],
    Innererror: null,
    error: { code, message, target: null, details, innererror: null },
  };
  return json(status, body, { "content-type": "application/json; charset=utf-8", ...headersOf(refusal, status) });
};

/** What HTTP itself has a header for: how to log in, and when to come again. */
const headersOf = ({ code, details }: Refusal, status: number): Record<string, string> => ({
  ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
  ...(code === "TooManyRequests" ? { "retry-after": `${details["seconds"] ?? 0}` } : {}),
});
