import { createHash, timingSafeEqual } from "node:crypto";
import type { Caller, Reach, Role } from "../domain/caller.ts";
import { refuse } from "../domain/errors.ts";
import type { AccessTokens } from "./access-tokens.ts";
import type { ApiRequest } from "./request.ts";

/** A key by the hash of its secret; the secret itself is not kept. */
export interface KeyHash {
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly role: Role;
  readonly reach: Reach;
  readonly sha256: string;
}

export const hashKey = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** The key whose secret this is. */
export const keyWith = (secret: string, keys: readonly KeyHash[]): KeyHash | undefined => {
  const given = Buffer.from(hashKey(secret), "hex");
  let found: KeyHash | undefined;
  // Every key is compared, in constant time each: how long it takes tells nothing.
  for (const key of keys) if (timingSafeEqual(given, Buffer.from(key.sha256, "hex"))) found = key;
  return secret === "" ? undefined : found;
};

interface Known {
  readonly keys: readonly KeyHash[];
  readonly tokens: Pick<AccessTokens, "keyOf">;
}

/** The caller behind a bearer token (a key's secret, or what its login got) or an `x-lifeboat-key` header. Throws CallerUnknown. */
export const callerOf = async (request: Pick<ApiRequest, "headers">, { keys, tokens }: Known): Promise<Caller> => {
  const bearer = /^Bearer\s+(\S+)$/i.exec(request.headers.get("authorization")?.trim() ?? "")?.[1];
  const secret = bearer ?? request.headers.get("x-lifeboat-key")?.trim() ?? "";
  const found = keyWith(secret, keys) ?? (await tokens.keyOf(secret, keys));
  if (found === undefined) throw refuse("CallerUnknown");
  const { id, name, role, reach } = found;
  return { kind: "key", id, name, role, reach };
};
