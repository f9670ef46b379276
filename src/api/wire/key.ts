import { parseSiteScope, siteScopeId, type Reach, type Role } from "../../domain/caller.ts";
import { refuse } from "../../domain/errors.ts";
import type { Secret } from "../../domain/secret.ts";
import type { KeyRequest } from "../../operations/keys/manage-keys.ts";
import type { StoredKey } from "../../operations/rows/key-rows.ts";
import { properties, type JsonObject } from "./lenient-json.ts";

/** What a key may is always said: nobody gets a role, or all sites, by having forgotten a word. */
export const parseKeyRequest = (body: JsonObject, id: string): KeyRequest => {
  const given = properties(body);
  const expires = given.date("expires");
  return {
    id,
    role: roleOf(given.text("role")),
    reach: reachOf(given.texts("sites")),
    ...(expires === undefined ? {} : { expires }),
  };
};

const roles: readonly Role[] = ["reader", "operator", "admin"];

const roleOf = (text: string | undefined): Role => {
  const role = roles.find((one) => one === text?.toLowerCase());
  if (role === undefined)
    throw refuse("InvalidField", { field: "properties.role", reason: `expected one of ${roles.join(", ")}.` });
  return role;
};

const example = "/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.Web/sites/NAME";

const reachOf = (sites: readonly string[] | undefined): Reach => {
  if (sites === undefined) return "all";
  if (sites.length === 0 || sites.length > 100)
    throw refuse("InvalidField", { field: "properties.sites", reason: "name 1 to 100, or leave it out for all." });
  return sites.map((text) => {
    const scope = parseSiteScope(text);
    if (scope !== undefined) return scope;
    const reason = `"${text.slice(0, 200)}" is not the resource id of a subscription, a group, a site (${example}) or a slot.`;
    throw refuse("InvalidField", { field: "properties.sites", reason });
  });
};

export const keyReply = (key: StoredKey, secret?: Secret) => ({
  id: `/providers/Lifeboat/keys/${key.id}`,
  name: key.id,
  type: "Lifeboat/keys",
  properties: {
    role: key.role,
    sites: key.reach === "all" ? null : key.reach.map(siteScopeId),
    created: key.created,
    createdBy: key.createdBy,
    expires: key.expires ?? null,
    lastUsed: key.lastUsed ?? null,
    ...(secret === undefined ? {} : { secret: secret.reveal() }),
  },
});
