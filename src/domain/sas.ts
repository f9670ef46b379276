import type { Secret } from "./secret.ts";

/** What a shared access signature says about itself, without its signature. */
interface Sas {
  /** `other`: for one blob, a directory, a share, or an account without blobs, containers and objects. */
  readonly kind: "container" | "account" | "other";
  readonly isSigned: boolean;
  /** Letters such as `rwdl`; undefined where a stored access policy of the container decides. */
  readonly permissions: string | undefined;
  readonly starts: Date | undefined;
  readonly expires: Date | undefined;
}

/** Reads a SAS from a URL's query, with or without the question mark. */
export const parseSas = (credential: Secret): Sas => {
  const query = new URLSearchParams(credential.reveal().replace(/^\?/, ""));
  return {
    kind: kindOf(query),
    isSigned: (query.get("sig") ?? "") !== "",
    permissions: query.get("sp") ?? undefined,
    starts: dateOf(query.get("st")),
    expires: dateOf(query.get("se")),
  };
};

/** When it ends; undefined where it does not say. */
export const sasExpiry = (credential: Secret): Date | undefined => parseSas(credential).expires;

export type SasProblem =
  | "NotSigned"
  | "WrongKind"
  | "NotYetValid"
  | "Expired"
  | "LacksWrite"
  | "LacksRead"
  | "WriteOnly"
  | "LacksDelete"
  | "EndsSoon";

export interface SasFinding {
  readonly problem: SasProblem;
  /** An error: a backup cannot work with it. */
  readonly severity: "error" | "warning";
  /** What is wrong and what to do, without anything secret. */
  readonly text: string;
}

/**
 * What can be told about a SAS without asking the store, errors first; empty when nothing is wrong. `neededForMs` is how
 * long the work may take. Times and permissions in a stored access policy are not judged.
 */
export const sasFindings = (
  credential: Secret,
  { now, neededForMs }: { readonly now: Date; readonly neededForMs: number },
): readonly SasFinding[] => {
  const sas = parseSas(credential);
  const findings: SasFinding[] = [
    ...when(
      !sas.isSigned,
      "NotSigned",
      "error",
      "The destination's URL holds no signature. Paste the whole SAS URL, to its end.",
    ),
    ...when(
      sas.isSigned && sas.kind === "other",
      "WrongKind",
      "error",
      "The SAS is not for a container. Make one for the container (sr=c), or for the account with containers and objects (srt=co).",
    ),
    ...timeFindings(sas, now, neededForMs),
    ...permissionFindings(sas),
  ];
  return findings.toSorted((one, other) => rank(one) - rank(other));
};

const rank = ({ severity }: SasFinding): number => (severity === "error" ? 0 : 1);

const when = (
  applies: boolean,
  problem: SasProblem,
  severity: SasFinding["severity"],
  text: string,
): readonly SasFinding[] => (applies ? [{ problem, severity, text }] : []);

/** Azure's clocks and ours may differ by some minutes; a SAS made this moment is not refused for that. */
const clockSkewMs = 5 * 60_000;

const timeFindings = ({ starts, expires }: Sas, now: Date, neededForMs: number): readonly SasFinding[] => {
  const at = now.getTime();
  const ends = expires?.getTime() ?? Infinity;
  const isEarly = starts !== undefined && starts.getTime() > at + clockSkewMs;
  return [
    ...when(
      isEarly,
      "NotYetValid",
      "error",
      `The SAS is not valid before ${shown(starts)}. Wait until then, or make a new one.`,
    ),
    ...when(ends <= at, "Expired", "error", `The SAS expired at ${shown(expires)}. Make a new one.`),
    ...when(
      ends > at && ends < at + neededForMs,
      "EndsSoon",
      "warning",
      `The SAS expires at ${shown(expires)}, perhaps before the work is done. Make one that is valid for longer.`,
    ),
  ];
};

const permissionFindings = ({ permissions, kind }: Sas): readonly SasFinding[] => {
  if (permissions === undefined || kind === "other") return [];
  const lacks = (letter: string): boolean => !permissions.includes(letter);
  return [
    ...when(lacks("w"), "LacksWrite", "error", "The SAS does not allow writing (w). Make one that does."),
    ...when(
      lacks("r") && !lacks("l"),
      "LacksRead",
      "warning",
      "The SAS does not allow reading (r): a restore will need one that does.",
    ),
    ...when(
      lacks("r") && lacks("l"),
      "WriteOnly",
      "error",
      "The SAS allows neither reading (r) nor listing (l), so nobody could tell what was written. Make one that allows reading.",
    ),
    ...when(
      lacks("d"),
      "LacksDelete",
      "warning",
      "The SAS does not allow deleting (d): retention will need one that does.",
    ),
  ];
};

const shown = (date: Date | undefined): string => date?.toISOString().replace(/\.000Z$/, "Z") ?? "an unknown time";

const kindOf = (query: URLSearchParams): Sas["kind"] => {
  const services = query.get("ss");
  if (services === null) return query.get("sr") === "c" ? "container" : "other";
  const types = query.get("srt") ?? "";
  return services.includes("b") && types.includes("o") && types.includes("c") ? "account" : "other";
};

/** ISO 8601 as Azure takes it: a day, or a day and time to the minute, second or fraction; always UTC. */
const dateOf = (text: string | null): Date | undefined => {
  if (text === null || !/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d))?$/.test(text))
    return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
};
