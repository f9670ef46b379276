import { describe, expect, it } from "vitest";
import { parseSiteName, siteKey, siteOfKey, siteLabel, siteResourceId, siteWithSlot } from "../../src/domain/site.ts";

const app = { subscription: "S", resourceGroup: "rg", name: "Shop" };

describe("a site's id", () => {
  it("ignores letter case, and keeps apart what differs otherwise", () => {
    expect(siteKey(app)).toBe(siteKey({ subscription: "s", resourceGroup: "RG", name: "shop" }));
    expect(siteKey({ ...app, name: "a!b" })).not.toBe(siteKey({ ...app, name: "a", slot: "b" }));
    expect(siteKey({ ...app, name: "a b" })).toMatch(/^[a-z0-9!~._-]+$/);
  });

  it("takes the slot production for the app itself", () => {
    expect(siteWithSlot(app, "Production")).toEqual(app);
    expect(siteLabel(siteWithSlot(app, "staging"))).toBe("Shop/staging");
    expect(siteResourceId(siteWithSlot(app, "staging"))).toMatch(/sites\/Shop\/slots\/staging$/);
  });

  it.each([
    ["shop", { name: "shop" }],
    ["shop(staging)", { name: "shop", slot: "staging" }],
    ["shop/staging", { name: "shop", slot: "staging" }],
    ["shop(production)", { name: "shop" }],
    ["../etc", undefined],
    ["shop(", undefined],
    ["", undefined],
  ])("reads the siteName %j", (text, expected) => {
    expect(parseSiteName(text)).toEqual(expected);
  });

  it("is found again from its key, but for the case of its letters", () => {
    for (const site of [
      { subscription: "S-1", resourceGroup: "My Group (1)", name: "shop" },
      { subscription: "s", resourceGroup: "größe!~", name: "Shop", slot: "staging" },
    ]) {
      const key = siteKey(site);
      expect(siteKey(siteOfKey(key))).toBe(key);
      expect(siteOfKey(key).resourceGroup).toBe(site.resourceGroup.toLowerCase());
    }
  });
});
