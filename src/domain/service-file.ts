import { jsonOf } from "./json-of.ts";

/**
 * What `npm start` writes into its data folder (service.json, mode 0600) while it runs, so that the command line finds it.
 * Nothing secret: where it answers, and how to know that it is the one.
 */
export interface ServiceFile {
  readonly url: string;
  /** Absent where https is off. */
  readonly tlsUrl?: string;
  /** An authority that signed the certificate of https, or that certificate itself; PEM files. */
  readonly trust?: { readonly kind: "authority" | "certificate"; readonly file: string };
  readonly pid: number;
  readonly started: string;
  readonly version: string;
}

export const serviceFileName = "service.json";

/** Undefined when the text is no such file: it was written by another version, or by hand. */
export const parseServiceFile = (text: string): ServiceFile | undefined => {
  const given = objectOf(text);
  const { url, tlsUrl, pid, started, version } = given ?? {};
  if (typeof url !== "string" || typeof pid !== "number") return undefined;
  if (typeof started !== "string" || typeof version !== "string") return undefined;
  const trust = trustOf(given?.["trust"]);
  return {
    url,
    ...(typeof tlsUrl === "string" ? { tlsUrl } : {}),
    ...(trust === undefined ? {} : { trust }),
    pid,
    started,
    version,
  };
};

const trustOf = (value: unknown): ServiceFile["trust"] => {
  if (typeof value !== "object" || value === null || !("kind" in value) || !("file" in value)) return undefined;
  const { kind, file } = value;
  return (kind === "authority" || kind === "certificate") && typeof file === "string" ? { kind, file } : undefined;
};

const objectOf = (text: string): Readonly<Record<string, unknown>> | undefined => {
  const value = jsonOf(text);
  // The cast is safe: an object of JSON is a record.
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
};
