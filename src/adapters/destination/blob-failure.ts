import { parseSas } from "../../domain/sas.ts";
import type { Secret } from "../../domain/secret.ts";
import { StoreFailure } from "../../domain/store-failure.ts";
import type { StoreFailureKind } from "../../domain/store-failure.ts";
import { redacted, redactedCause } from "./redact.ts";
import { NoAnswer } from "./with-retries.ts";

/** What the SDK's errors hold, read without trusting it. */
interface Rest {
  readonly statusCode?: unknown;
  readonly code?: unknown;
  readonly details?: {
    readonly errorCode?: unknown;
    readonly copySourceErrorCode?: unknown;
    readonly authenticationErrorDetail?: unknown;
  };
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
}

// Every property is optional and checked where it is used.
const restOf = (error: unknown): Rest => (typeof error === "object" && error !== null ? (error as Rest) : {});

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

export const statusOf = (error: unknown): number | undefined => {
  const { statusCode } = restOf(error);
  return typeof statusCode === "number" ? statusCode : undefined;
};

/** Azure's error code, else Node's. */
export const errorCodeOf = (error: unknown): string | undefined => {
  const { details, code } = restOf(error);
  return text(details?.errorCode) ?? text(code);
};

const transientStatuses = [408, 429, 500, 502, 503, 504];
/** Also where the status says otherwise: trouble at a copy's source, or bytes that were damaged on their way. */
const transientCodes = ["InternalError", "OperationTimedOut", "ServerBusy", "Md5Mismatch"];
const lasting = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_|ERR_INVALID|ERR_UNESCAPED|ERR_FORBIDDEN|^HPE_/;
const isNetworkCode = (code: string): boolean =>
  /^E[A-Z_]+$/.test(code) && !lasting.test(code)
    ? true
    : /^(REQUEST_SEND_ERROR|PARSE_ERROR|ERR_STREAM_PREMATURE_CLOSE)$/.test(code);

/** Whether the store may answer differently a little later; a number is the milliseconds it asks for. */
export const isTransient = (error: unknown): boolean | number => {
  const status = statusOf(error);
  const { details, response } = restOf(error);
  if (status === undefined) return isNetworkCode(errorCodeOf(error) ?? "");
  const codes = [text(details?.copySourceErrorCode), errorCodeOf(error)];
  if (!transientStatuses.includes(status) && !codes.some((code) => code !== undefined && transientCodes.includes(code)))
    return false;
  return Number(response?.headers?.get("retry-after") ?? 0) * 1000 || true;
};

export interface Place {
  /** The container's URL without its query. */
  readonly container: string;
  readonly sas: Secret | undefined;
  readonly attempts: number;
}

/** An SDK's error as the port's. The message names the object and the next move; neither it nor its cause holds the SAS. */
export const blobFailure = (error: unknown, doing: string, place: Place): unknown => {
  if (error instanceof StoreFailure) return error;
  const status = statusOf(error);
  const code = errorCodeOf(error);
  const cause = redactedCause(error, place.sas);
  const isLogin = error instanceof Error && /Authentication|Credential/.test(error.name);
  if (status === undefined && !isLogin && !(error instanceof NoAnswer) && !isNetworkFault(code)) return cause;
  const { kind, reason } = isLogin ? loginRefused(cause) : explain(error, status, code, place);
  const shown = [status, error instanceof NoAnswer ? "no answer" : code].filter((part) => part !== undefined).join(" ");
  return new StoreFailure(kind, `${doing} failed${shown === "" ? "" : ` (${shown})`}: ${redacted(reason, place.sas)}`, {
    cause,
  });
};

const isNetworkFault = (code: string | undefined): boolean =>
  code !== undefined && (isNetworkCode(code) || lasting.test(code));

interface Explained {
  readonly kind: StoreFailureKind;
  readonly reason: string;
}

const loginRefused = (cause: Error): Explained => ({
  kind: "AccessDenied",
  reason: `Lifeboat's identity could not log in (${cause.message.split("\n")[0]}). Look at the identity of this app.`,
});

const byCode: Readonly<Record<string, Explained>> = {
  ContainerNotFound: { kind: "NotFound", reason: "the container is not there. Create it, or name another." },
  ContainerBeingDeleted: { kind: "NotFound", reason: "the container is being deleted. Name another." },
  ContainerDisabled: { kind: "AccessDenied", reason: "the container is disabled. Ask the account's owner." },
  InsufficientAccountPermissions: {
    kind: "AccessDenied",
    reason: "the storage account does not allow this now. Ask its owner whether it was made read-only.",
  },
  AccountIsDisabled: { kind: "AccessDenied", reason: "the storage account is disabled. Ask its owner." },
  ERR_FORBIDDEN_ADDRESS: {
    kind: "AccessDenied",
    reason:
      "its name leads to an address where no store may be: of this machine, link-local or reserved. Name another.",
  },
  BlobAlreadyExists: { kind: "AlreadyExists", reason: "it exists and is left as it is. Take another name." },
  InvalidBlobType: { kind: "AlreadyExists", reason: "a blob of another type has this name. Take another name." },
  BlobImmutableDueToPolicy: {
    kind: "AccessDenied",
    reason: "an immutability policy protects it. Try again when that has run out.",
  },
  SnapshotsPresent: { kind: "AccessDenied", reason: "somebody made snapshots of it. Delete them first." },
  LeaseIdMissing: { kind: "AccessDenied", reason: "somebody holds a lease on it. Break the lease first." },
  BlobArchived: { kind: "Unavailable", reason: "it is in the archive tier. Rehydrate it first, which takes hours." },
  BlobBeingRehydrated: { kind: "Unavailable", reason: "it is being rehydrated. Try again in some hours." },
  InvalidBlockList: { kind: "BlockMissing", reason: "a block of it is not staged. Stage it again." },
  InvalidBlobOrBlock: {
    kind: "Invalid",
    reason:
      "another program's unfinished upload has this name. Take another name; Azure drops such uploads after a week.",
  },
  UncommittedBlockCountExceedsLimit: {
    kind: "Full",
    reason: "too many unfinished blocks have this name. Take another name; Azure drops them after a week.",
  },
};

/** However a store calls it: Azure knows limits of many kinds, and others speak its protocol. */
const overLimit = /quota|capacity|exceedslimit|limitexceeded|insufficientstorage/i;

const explain = (error: unknown, status: number | undefined, code: string | undefined, place: Place): Explained => {
  const known = byCode[code ?? ""];
  if (known) return known;
  if ([403, 409, 413, 507].includes(status ?? 0) && overLimit.test(code ?? ""))
    return {
      kind: "Full",
      reason: "the container or its account is at its limit. Remove something there, raise the limit, or name another.",
    };
  if (status === 401 || status === 403) return { kind: "AccessDenied", reason: denied(error, code, place) };
  switch (status) {
    case 404:
      return { kind: "NotFound", reason: "it is not there. List the container to see what is." };
    case 409:
      return { kind: "Unavailable", reason: "something else is going on with it. Try again later." };
    case 412:
      return { kind: "SourceChanged", reason: "it is no longer what it was a moment ago. Read it anew." };
    case 413:
      return {
        kind: "Invalid",
        reason:
          "the store, or a proxy before it, takes no request this large. Raise that limit, or name another store.",
      };
    case 416:
      return { kind: "OutOfRange", reason: "it is shorter. Read it anew." };
    case 507:
      return { kind: "Full", reason: "the store is full. Name another destination." };
    case undefined:
      return unreached(code, place);
    default:
      return status >= 500 || transientStatuses.includes(status)
        ? { kind: "Unavailable", reason: `the store has trouble; ${asked(place)}. Try again later.` }
        : { kind: "Invalid", reason: `the store refuses the request: ${firstLine(error)}` };
  }
};

const unreached = (code: string | undefined, place: Place): Explained => ({
  kind: "Unavailable",
  reason: lasting.test(code ?? "")
    ? `${hostOf(place)} cannot be trusted or understood. Look at its certificate; NODE_EXTRA_CA_CERTS adds an authority.`
    : `${hostOf(place)} cannot be reached; ${asked(place)}. Check name and network.`,
});

const denied = (error: unknown, code: string | undefined, { sas }: Place): string => {
  const { details, response } = restOf(error);
  const detail = text(details?.authenticationErrorDetail);
  // By the store's own clock; stores differ in the code they give for this.
  const now = Date.parse(response?.headers?.get("date") ?? "");
  if (sas !== undefined && (parseSas(sas).expires?.getTime() ?? Infinity) <= now)
    return `the SAS expired at ${parseSas(sas).expires?.toISOString()}. Renew it.`;
  if (code === "AuthorizationFailure")
    return "the storage account refuses this machine. Look at its firewall, and at the SAS's addresses and services.";
  if (sas === undefined) return "give Lifeboat's identity the role Storage Blob Data Contributor on the container.";
  if (code === "AuthorizationPermissionMismatch")
    return "the SAS does not allow this. Renew it with read, write, delete and list (rwdl).";
  const { expires } = parseSas(sas);
  const ends = expires === undefined ? "" : ` (it ends at ${expires.toISOString()})`;
  return `the SAS is not accepted${ends}. Renew it.${detail === undefined ? "" : ` The store says: ${detail}`}`;
};

const asked = ({ attempts }: Place): string => `it was asked ${attempts === 1 ? "once" : `${attempts} times`}`;
const hostOf = ({ container }: Place): string => new URL(container).host;
const firstLine = (error: unknown): string => (error instanceof Error ? (error.message.split("\n")[0] ?? "") : "");
