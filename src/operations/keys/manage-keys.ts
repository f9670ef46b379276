import { randomBytes } from "node:crypto";
import type { Reach, Role } from "../../domain/caller.ts";
import { refuse } from "../../domain/errors.ts";
import { Secret } from "../../domain/secret.ts";
import type { Call } from "../../ports/call.ts";
import type { Installation } from "../installation.ts";
import { hashKey, secretOf } from "./known-keys.ts";
import { insertKey, readKey, readKeys, removeKey, type StoredKey } from "../rows/key-rows.ts";

export interface KeyRequest {
  readonly id: string;
  readonly role: Role;
  readonly reach: Reach;
  /** Absent: never. */
  readonly expires?: Date;
}

interface CreatedKey {
  readonly key: StoredKey;
  /** Shown this once, and kept nowhere. */
  readonly secret: Secret;
}

type Needs = Pick<Installation, "catalog" | "clock" | "keys">;

/** Who they are is decided elsewhere. */
const reserved = new Set(["admin", "bootstrap", "lifeboat"]);

export const createKey =
  (deps: Needs) =>
  async (call: Call, { id, role, reach, expires }: KeyRequest): Promise<CreatedKey> => {
    checkName(id);
    const now = deps.clock.now();
    if (expires !== undefined && expires.getTime() <= now.getTime())
      throw refuse("InvalidField", { field: "properties.expires", reason: "it has passed." });
    const secret = secretOf(id, randomBytes(32));
    const key: StoredKey = {
      id,
      role,
      reach,
      sha256: hashKey(secret),
      created: now.toISOString(),
      createdBy: call.caller,
      ...(expires === undefined ? {} : { expires: expires.toISOString() }),
    };
    if (!(await insertKey(deps.catalog, key))) throw refuse("KeyExists", { key: id });
    deps.keys.forget();
    return { key, secret: new Secret(secret) };
  };

const isName = (id: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$/.test(id);

const checkName = (id: string): void => {
  const wrong = !isName(id)
    ? "is not made of lower-case letters, digits and inner hyphens, 60 at most"
    : reserved.has(id)
      ? "is a name that Lifeboat uses itself"
      : undefined;
  if (wrong !== undefined)
    throw refuse("InvalidField", { field: "the key's name", reason: `"${id.slice(0, 100)}" ${wrong}.` });
};

/** By id, those that have expired among them. */
export const listKeys = (deps: Needs) => async (): Promise<readonly StoredKey[]> =>
  (await readKeys(deps.catalog)).map(({ key }) => key);

export const getKey =
  (deps: Needs) =>
  async (_call: Call, id: string): Promise<StoredKey> => {
    const found = isName(id) ? await readKey(deps.catalog, id) : undefined;
    if (found === undefined) throw refuse("KeyNotFound", { key: id.slice(0, 100) });
    return found.key;
  };

/** From now on the key opens nothing. False when there is none of this id: to revoke twice is no error. */
export const revokeKey =
  (deps: Needs) =>
  async (_call: Call, id: string): Promise<boolean> => {
    for (let attempt = 0; attempt < 20; attempt++) {
      const row = isName(id) ? await readKey(deps.catalog, id) : undefined;
      if (row === undefined) return false;
      if (!(await removeKey(deps.catalog, row))) continue;
      deps.keys.forget();
      return true;
    }
    throw refuse("Unavailable", { reason: `the key ${id} is being changed by too many callers.` });
  };
