import * as z from "zod";
import { parseSiteScope, siteScopeId, type Reach, type Role, type SiteScope } from "../../domain/caller.ts";
import type { Catalog, Row } from "../../ports/catalog.ts";
import { callersPartition, keyKey, keyPrefix } from "./keys.ts";

const scope = z.string().transform((text, context): SiteScope => {
  const parsed = parseSiteScope(text);
  if (parsed !== undefined) return parsed;
  context.addIssue("a resource id");
  return z.NEVER;
});

const role: z.ZodType<Role> = z.enum(["reader", "operator", "admin"]);

const keyRow = z.object({
  id: z.string(),
  role,
  /** Absent: all. */
  sites: z.array(scope).exactOptional(),
  /** Of the secret, which itself is kept nowhere. It is random and long, so that no slower hash is called for. */
  sha256: z.string(),
  created: z.string(),
  createdBy: z.string(),
  expires: z.string().exactOptional(),
  /** To the hour or so. */
  lastUsed: z.string().exactOptional(),
});

/** An API key as it is kept. */
export interface StoredKey {
  readonly id: string;
  readonly role: Role;
  readonly reach: Reach;
  readonly sha256: string;
  readonly created: string;
  readonly createdBy: string;
  readonly expires?: string;
  readonly lastUsed?: string;
}

export interface KeyRow {
  readonly key: StoredKey;
  readonly version: string;
}

const parse = (row: Row): KeyRow => {
  const { sites, ...rest } = keyRow.parse(row.value);
  return { key: { ...rest, reach: sites ?? "all" }, version: row.version };
};

const valueOf = ({ reach, ...rest }: StoredKey): z.input<typeof keyRow> => ({
  ...rest,
  ...(reach === "all" ? {} : { sites: reach.map(siteScopeId) }),
});

export const readKey = async (catalog: Catalog, id: string): Promise<KeyRow | undefined> => {
  const row = await catalog.get(callersPartition, keyKey(id));
  return row && parse(row);
};

export const readKeys = async (catalog: Catalog): Promise<readonly KeyRow[]> =>
  (await catalog.list(callersPartition, { prefix: keyPrefix })).map(parse);

/** False when there is one of this id. */
export const insertKey = async (catalog: Catalog, key: StoredKey): Promise<boolean> =>
  catalog.write(callersPartition, [{ kind: "insert", key: keyKey(key.id), value: { ...valueOf(key) } }]);

/** False when it was changed or removed meanwhile. */
export const replaceKey = async (catalog: Catalog, { key, version }: KeyRow): Promise<boolean> =>
  catalog.write(callersPartition, [{ kind: "replace", key: keyKey(key.id), value: { ...valueOf(key) }, version }]);

/** False when it is gone already, or was changed meanwhile. */
export const removeKey = async (catalog: Catalog, { key, version }: KeyRow): Promise<boolean> =>
  catalog.write(callersPartition, [{ kind: "remove", key: keyKey(key.id), version }]);
