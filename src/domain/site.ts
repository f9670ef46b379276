/** A web app as ARM names it: subscription / resource group / name, and a slot unless it is the app itself. */
export interface SiteId {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly name: string;
  /** Absent for the app itself, which ARM also calls the slot "production". */
  readonly slot?: string;
}

/** Ids differ only in letter case name the same site; the key is what storage uses. */
export const siteKey = (site: SiteId): string =>
  [site.subscription, site.resourceGroup, site.name, site.slot ?? ""].map(keySegment).join("!");

// "!" separates and "~" escapes, so keys of different sites never meet; both are plain in every store we use.
const keySegment = (text: string): string =>
  text.toLowerCase().replace(/[^a-z0-9._-]/g, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `~${code.toString(16)}.`;
  });

/** The site of a key, in lower case. */
export const siteOfKey = (key: string): SiteId => {
  const [subscription = "", resourceGroup = "", name = "", slot = ""] = key
    .split("!")
    .map((segment) =>
      segment.replace(/~([0-9a-f]+)\./g, (_, code: string) => String.fromCodePoint(parseInt(code, 16))),
    );
  return { subscription, resourceGroup, name, ...(slot === "" ? {} : { slot }) };
};

export const siteResourceId = (site: SiteId): string =>
  `/subscriptions/${site.subscription}/resourceGroups/${site.resourceGroup}/providers/Microsoft.Web/sites/${site.name}` +
  (site.slot === undefined ? "" : `/slots/${site.slot}`);

/** `shop` or `shop/staging`: for messages and as ARM's resource name. */
export const siteLabel = (site: SiteId): string => (site.slot === undefined ? site.name : `${site.name}/${site.slot}`);

export const siteType = (site: SiteId): string =>
  site.slot === undefined ? "Microsoft.Web/sites" : "Microsoft.Web/sites/slots";

export const siteWithSlot = (site: SiteId, slot: string | undefined): SiteId => {
  const { subscription, resourceGroup, name } = site;
  const isApp = slot === undefined || slot.toLowerCase() === "production";
  return isApp ? { subscription, resourceGroup, name } : { subscription, resourceGroup, name, slot };
};

/** App names and slot names as Azure allows them, and safe as a file name everywhere. */
export const isSiteName = (text: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$/i.test(text);

/** PowerShell writes `app1(stg)` where others write the name alone. */
export const parseSiteName = (text: string): { readonly name: string; readonly slot?: string } | undefined => {
  const match = /^([^()/]+)(?:\(([^()/]+)\)|\/([^()/]+))?$/.exec(text.trim());
  const [, name, inParentheses, afterSlash] = match ?? [];
  const slot = inParentheses ?? afterSlash;
  if (name === undefined || !isSiteName(name) || (slot !== undefined && !isSiteName(slot))) return undefined;
  return slot === undefined || slot.toLowerCase() === "production" ? { name } : { name, slot };
};
