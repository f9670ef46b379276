import type { Secret } from "./secret.ts";

/** What a shared access signature says of itself. Whether the store accepts it only the store knows. */
export interface Sas {
  /** Letters of `sp`: r read, a add, c create, w write, d delete, l list ... */
  readonly permissions: string;
  readonly starts?: Date;
  readonly expires?: Date;
  /** `c` container, `b` blob ...; undefined for an account SAS. */
  readonly resource?: string;
  /** An account SAS: which services and resource types it covers. */
  readonly services?: string;
  readonly resourceTypes?: string;
  readonly hasSignature: boolean;
}

/** Reads a SAS given as a URL's query, with or without "?". */
export const parseSas = (credential: Secret): Sas => {
  const query = new URLSearchParams(credential.reveal().replace(/^\?/, ""));
  const starts = dateOf(query.get("st"));
  const expires = dateOf(query.get("se"));
  const resource = query.get("sr");
  const services = query.get("ss");
  const resourceTypes = query.get("srt");
  return {
    permissions: query.get("sp") ?? "",
    ...(starts === undefined ? {} : { starts }),
    ...(expires === undefined ? {} : { expires }),
    ...(resource === null ? {} : { resource }),
    ...(services === null ? {} : { services }),
    ...(resourceTypes === null ? {} : { resourceTypes }),
    hasSignature: (query.get("sig") ?? "") !== "",
  };
};

export const sasExpiry = (credential: Secret): Date | undefined => parseSas(credential).expires;

const dateOf = (text: string | null): Date | undefined => {
  if (text === null) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
};

/** What is found out about a SAS before the long work: `problem` ends the run, `warnings` go to its log. */
export interface SasVerdict {
  readonly problem?: string;
  readonly warnings: readonly string[];
}

/** Whether a backup that will take until `neededUntil` can be written, and later restored and removed, with this SAS. */
export const judgeSas = (credential: Secret, now: Date, neededUntil: Date): SasVerdict => {
  const sas = parseSas(credential);
  const problem = problemOf(sas, now);
  if (problem !== undefined) return { problem, warnings: [] };
  const warnings: string[] = [];
  if (!sas.permissions.includes("r"))
    warnings.push("The SAS lacks read (r): the backup cannot be read back or restored with it.");
  if (!sas.permissions.includes("d"))
    warnings.push("The SAS lacks delete (d): retention cannot remove this backup with it.");
  if (sas.expires !== undefined && sas.expires < neededUntil)
    warnings.push(`The SAS ends at ${sas.expires.toISOString()}, which may be before this backup does.`);
  return { warnings };
};

const problemOf = (sas: Sas, now: Date): string | undefined => {
  // App Service's own words, which people search for.
  if (!sas.hasSignature || sas.permissions === "")
    return "Missing mandatory parameters for valid Shared Access Signature.";
  if (sas.expires !== undefined && sas.expires <= now)
    return `The SAS expired at ${sas.expires.toISOString()}. Give a new one.`;
  if (sas.starts !== undefined && sas.starts > now) return `The SAS is not valid before ${sas.starts.toISOString()}.`;
  if (sas.resource !== undefined && sas.resource !== "c")
    return `The SAS is for one object (sr=${sas.resource}). A SAS for the container (sr=c) is needed.`;
  if (sas.resource === undefined && sas.services !== undefined && !sas.services.includes("b"))
    return "The SAS does not cover blobs (ss=b).";
  if (!sas.permissions.includes("w")) return "The SAS lacks write (w): nothing can be stored with it.";
  return undefined;
};
