import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { openKeyFiles, type Key } from "./key-files.ts";

/** Who may do something: `invalid` has no key that is known. */
export type Grant = "master" | "host" | "function" | "system" | "none" | "invalid";

export type Keys = {
  readonly master: string;
  /** What the key presented with a request is good for; `functionName` if a function is asked for. */
  grant(presented: string | undefined, functionName?: string): Grant;
  /** Named keys of the host, of the system, or of one function, for the administration API. */
  list(kind: "host" | "system" | { readonly functionName: string }): readonly Key[];
};

const digest = (key: string): Buffer => createHash("sha256").update(key).digest();
const newKey = (name: string): Key => ({ name, value: randomBytes(40).toString("base64url"), encrypted: false });

/** The key a request presents: the header, even an empty one, beats the first `code` of the query. */
export const presentedKey = (headers: IncomingHttpHeaders, search: string): string | undefined => {
  const header = headers["x-functions-key"];
  if (header !== undefined) return String(header);
  if (!/[?&](?:c|%63)/i.test(search)) return undefined;
  for (const [name, value] of new URLSearchParams(search)) if (name.toLowerCase() === "code") return value;
  return undefined;
};

/** Reads the key files of a folder, and makes those that are missing. Throws a HostFailure if that cannot be done. */
export const openKeys = (folder: string): Keys => {
  const files = openKeyFiles(folder, newKey);
  const digests = new Map<string, Buffer>();
  const digestOf = (value: string): Buffer => {
    const known = digests.get(value) ?? digest(value);
    digests.set(value, known);
    return known;
  };
  const anyOf = (keys: readonly Key[], presented: Buffer): boolean =>
    // Every key is compared, so that the time taken says nothing.
    keys.map(({ value }) => timingSafeEqual(digestOf(value), presented)).includes(true);
  return {
    master: files.host.masterKey.value,
    grant: (presented, functionName) => {
      if (presented === undefined) return "none";
      const asked = digest(presented);
      if (anyOf([files.host.masterKey], asked)) return "master";
      if (anyOf(files.host.functionKeys, asked)) return "host";
      if (anyOf(files.host.systemKeys, asked)) return "system";
      return functionName !== undefined && anyOf(files.ofFunction(functionName), asked) ? "function" : "invalid";
    },
    list: (kind) => {
      if (kind === "host") return files.host.functionKeys;
      return kind === "system" ? files.host.systemKeys : files.ofFunction(kind.functionName);
    },
  };
};
