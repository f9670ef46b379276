/** Words that several commands take. */
export const site = { name: "SITE", about: "a site: shop, or shop/staging for a slot", completes: "site" } as const;
export const yes = { flags: "--yes", about: "agree beforehand; nothing is asked" } as const;
