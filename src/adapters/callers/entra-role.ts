import { mayAct, type Role } from "../../domain/caller.ts";

/** Whether the scopes of a user's token only narrow what his app roles allow, or grant a role where he has none. */
export type ScopeUse = "narrow" | "grant";

interface Claims {
  /** A user's or an app's app roles. */
  readonly roles: unknown;
  /** What a user's token lets its app do for him; apps' own tokens have none. */
  readonly scp: unknown;
}

const roleOf: Readonly<Record<string, Role>> = {
  "lifeboat.reader": "reader",
  "lifeboat.operator": "operator",
  "lifeboat.admin": "admin",
};

/** "Act as the user": whatever he may, and nothing by itself. */
const impersonation = "user_impersonation";

/** Undefined: none. */
export const roleBy = ({ roles, scp }: Claims, use: ScopeUse): Role | undefined => {
  const assigned = highest(words(roles));
  if (scp === undefined) return assigned;
  const scopes = words(scp);
  const asked = highest(scopes);
  const limit = scopes.includes(impersonation) ? "admin" : asked;
  if (limit === undefined) return undefined;
  if (assigned !== undefined) return lower(assigned, limit);
  return use === "grant" ? asked : undefined;
};

const words = (claim: unknown): readonly string[] => {
  const list: readonly unknown[] = Array.isArray(claim) ? claim : typeof claim === "string" ? claim.split(" ") : [];
  return list.flatMap((word) => (typeof word === "string" ? word.toLowerCase() : []));
};

const highest = (names: readonly string[]): Role | undefined =>
  names
    .flatMap((name) => (Object.hasOwn(roleOf, name) ? (roleOf[name] ?? []) : []))
    .reduce<Role | undefined>(
      (best, role) => (best !== undefined && mayAct({ role: best }, role) ? best : role),
      undefined,
    );

const lower = (one: Role, other: Role): Role => (mayAct({ role: one }, other) ? other : one);
