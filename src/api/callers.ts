import { createHash, timingSafeEqual } from "node:crypto";
import { refuse } from "../domain/errors.ts";
import type { ApiRequest } from "./request.ts";

export type Role = "reader" | "operator" | "admin";

export interface Caller {
  readonly name: string;
  readonly role: Role;
}

/** A key by the hash of its secret; the secret itself is not kept. */
export interface KeyHash {
  readonly id: string;
  readonly role: Role;
  readonly sha256: string;
}

export const hashKey = (secret: string): string => createHash("sha256").update(secret).digest("hex");

const ranks: Readonly<Record<Role, number>> = { reader: 0, operator: 1, admin: 2 };
export const mayAct = (caller: Caller, needed: Role): boolean => ranks[caller.role] >= ranks[needed];

/** The caller behind a bearer token or an `x-lifeboat-key` header. Throws CallerUnknown. */
export const callerOf = (request: Pick<ApiRequest, "headers">, keys: readonly KeyHash[]): Caller => {
  const bearer = /^Bearer\s+(\S+)$/i.exec(request.headers.get("authorization")?.trim() ?? "")?.[1];
  const secret = bearer ?? request.headers.get("x-lifeboat-key")?.trim() ?? "";
  const given = Buffer.from(hashKey(secret), "hex");
  let found: KeyHash | undefined;
  // Every key is compared, in constant time each: how long it takes tells nothing.
  for (const key of keys) if (timingSafeEqual(given, Buffer.from(key.sha256, "hex"))) found = key;
  if (secret === "" || found === undefined) throw refuse("CallerUnknown");
  return { name: found.id, role: found.role };
};
