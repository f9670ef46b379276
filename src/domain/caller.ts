import { isSiteName, type SiteId } from "./site.ts";

/** Each may what the one before it may, and more. */
export type Role = "reader" | "operator" | "admin";

const ranks: Readonly<Record<Role, number>> = { reader: 0, operator: 1, admin: 2 };

export const mayAct = (caller: { readonly role: Role }, needed: Role): boolean => ranks[caller.role] >= ranks[needed];

/** ARM's kind of scope: a subscription, a resource group, a site with its slots, or one slot. */
export interface SiteScope {
  readonly subscription: string;
  readonly resourceGroup?: string;
  readonly name?: string;
  readonly slot?: string;
}

/** The sites somebody may touch. */
export type Reach = "all" | readonly SiteScope[];

/** Who asks. */
export interface Caller {
  /** How he is known: by a key of this installation, or by a token of Entra ID. */
  readonly kind: "key" | "token";
  /** Stays the same for as long as he is known. */
  readonly id: string;
  /** For people; may change, and need not be unique. */
  readonly name: string;
  readonly role: Role;
  readonly reach: Reach;
}

const scopeForm =
  /^\/subscriptions\/([^/]+)(?:\/resourceGroups\/([^/]+)(?:\/providers\/Microsoft\.Web\/sites\/([^/]+)(?:\/slots\/([^/]+))?)?)?\/?$/i;

/** From a resource id; undefined when it names neither subscription, group, site nor slot. */
export const parseSiteScope = (text: string): SiteScope | undefined => {
  const [, subscription, resourceGroup, name, slot] = scopeForm.exec(text.trim()) ?? [];
  if (subscription === undefined) return undefined;
  // The app itself has no scope of its own: one for "production" would cover all slots.
  if ([name, slot].some((part) => part !== undefined && !isSiteName(part)) || slot?.toLowerCase() === "production")
    return undefined;
  return {
    subscription,
    ...(resourceGroup === undefined ? {} : { resourceGroup }),
    ...(name === undefined ? {} : { name }),
    ...(slot === undefined ? {} : { slot }),
  };
};

/** The resource id that parseSiteScope takes. */
export const siteScopeId = ({ subscription, resourceGroup, name, slot }: SiteScope): string =>
  `/subscriptions/${subscription}` +
  (resourceGroup === undefined ? "" : `/resourceGroups/${resourceGroup}`) +
  (name === undefined ? "" : `/providers/Microsoft.Web/sites/${name}`) +
  (slot === undefined ? "" : `/slots/${slot}`);

export const reaches = (reach: Reach, site: SiteId): boolean =>
  reach === "all" || reach.some((scope) => covers(scope, site));

/** Letter case does not count, as everywhere in ARM. */
const covers = (scope: SiteScope, site: SiteId): boolean =>
  (["subscription", "resourceGroup", "name", "slot"] as const).every(
    (part) => scope[part] === undefined || scope[part].toLowerCase() === site[part]?.toLowerCase(),
  );

/** Whether anything in a subscription, or in a resource group of it, may be within reach. */
export const reachesInto = (reach: Reach, place: Pick<SiteScope, "subscription" | "resourceGroup">): boolean =>
  reach === "all" ||
  reach.some((scope) =>
    (["subscription", "resourceGroup"] as const).every(
      (part) =>
        scope[part] === undefined ||
        place[part] === undefined ||
        scope[part].toLowerCase() === place[part].toLowerCase(),
    ),
  );
