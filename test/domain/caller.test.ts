import { describe, expect, it } from "vitest";
import { mayAct, parseSiteScope, reaches, reachesInto, siteScopeId, type Role } from "../../src/domain/caller.ts";
import type { SiteId } from "../../src/domain/site.ts";

const group = "/subscriptions/s/resourceGroups/g";
const shopId = `${group}/providers/Microsoft.Web/sites/shop`;
const shop: SiteId = { subscription: "S", resourceGroup: "G", name: "Shop" };
const others: readonly SiteId[] = [
  { ...shop, name: "shop2" },
  { ...shop, resourceGroup: "g2" },
  { ...shop, subscription: "s2" },
  { ...shop, name: "sho" },
];

const reach = (...ids: readonly string[]) =>
  ids.map((id) => {
    const scope = parseSiteScope(id);
    if (scope === undefined) throw new Error(`${id} is no scope`);
    return scope;
  });

describe("roles", () => {
  const roles: readonly Role[] = ["reader", "operator", "admin"];

  it("build on one another", () => {
    const table = roles.map((role) => roles.map((needed) => mayAct({ role }, needed)));
    expect(table).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ]);
  });
});

describe("a site scope", () => {
  it.each(["/subscriptions/s", group, shopId, `${shopId}/slots/staging`])("is a resource id: %s", (id) => {
    expect(reach(id).map(siteScopeId)).toEqual([id]);
  });

  it.each([
    "",
    "shop",
    "*",
    "/",
    "/subscriptions/",
    "/subscriptions//resourceGroups/g",
    "/resourceGroups/g",
    `${group}/providers/Microsoft.Sql/servers/shop`,
    `${shopId}/backups/1`,
    `${shopId}/slots/`,
    `${shopId}/slots/production`,
    `${group}/providers/Microsoft.Web/sites/*`,
    `${shopId}\n`.replace("shop", "shop\nx"),
  ])("is nothing else: %j", (text) => {
    expect(parseSiteScope(text)).toBeUndefined();
  });

  it.each(["/subscriptions/s", group, shopId, shopId.toUpperCase()])("%s covers the site and its slots", (id) => {
    expect(reaches(reach(id), shop)).toBe(true);
    expect(reaches(reach(id), { ...shop, slot: "staging" })).toBe(true);
  });

  it.each(others)("of one site does not cover %j", (other) => {
    expect(reaches(reach(shopId), other)).toBe(false);
  });

  it("of one slot covers neither the app nor another slot", () => {
    const slot = reach(`${shopId}/slots/staging`);
    expect(reaches(slot, { ...shop, slot: "Staging" })).toBe(true);
    expect(reaches(slot, shop)).toBe(false);
    expect(reaches(slot, { ...shop, slot: "test" })).toBe(false);
  });

  it("of nothing covers nothing, and no limit covers everything", () => {
    expect(reaches([], shop)).toBe(false);
    expect(reaches("all", shop)).toBe(true);
  });

  it("reaches into the subscription and the group it lies in", () => {
    expect(reachesInto(reach(shopId), { subscription: "s" })).toBe(true);
    expect(reachesInto(reach(shopId), { subscription: "S", resourceGroup: "G" })).toBe(true);
    expect(reachesInto(reach(shopId), { subscription: "s", resourceGroup: "g2" })).toBe(false);
    expect(reachesInto(reach(shopId), { subscription: "s2" })).toBe(false);
    expect(reachesInto(reach("/subscriptions/s"), { subscription: "s", resourceGroup: "any" })).toBe(true);
    expect(reachesInto([], { subscription: "s" })).toBe(false);
  });
});
