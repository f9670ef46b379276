import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { createApi, type Route } from "../../src/api/handle.ts";
import { openRoutes, routes } from "../../src/api/routes.ts";
import { accessTokens } from "../../src/api/callers/access-tokens.ts";
import { mayAct, parseSiteScope, type Reach, type Role } from "../../src/domain/caller.ts";
import { siteKey } from "../../src/domain/site.ts";
import type { Installation } from "../../src/operations/installation.ts";
import { hashKey, type KnownKey } from "../../src/operations/keys/known-keys.ts";
import { callersOf, shopPath, unwatched } from "../support/api.ts";
import { memoryInstallation, shop } from "../support/installation.ts";
import { hostWithoutSettings } from "../support/no-settings.ts";

const roles: readonly Role[] = ["reader", "operator", "admin"];
const blogPath = shopPath.replace("shop", "blog");
const stagingPath = `${shopPath}/slots/staging`;

const key = (id: string, role: Role, reach: Reach = "all"): KnownKey => ({
  id,
  name: id,
  role,
  reach,
  sha256: hashKey(`${id}-secret`),
});
const scope = (id: string): Reach => {
  const parsed = parseSiteScope(id);
  if (parsed === undefined) throw new Error(id);
  return [parsed];
};
const keys = [
  ...roles.map((role) => key(role, role)),
  ...roles.map((role) => key(`shops-${role}`, role, scope(shopPath))),
  ...roles.map((role) => key(`stagings-${role}`, role, scope(stagingPath))),
  ...roles.map((role) => key(`nobodys-${role}`, role, [])),
];

let given: ReturnType<typeof memoryInstallation>;
let api: ReturnType<typeof createApi>;
beforeEach(() => {
  given = memoryInstallation();
  for (const id of [
    { ...shop, name: "blog" },
    { ...shop, slot: "staging" },
    { ...shop, name: "blog", slot: "staging" },
  ])
    given.sites.set(siteKey(id), { id, location: "Local", tier: "Standard" });
  const host = hostWithoutSettings({ content: async () => "present" });
  const deps: Installation = { ...given.deps, hosts: { host: async () => host } };
  const callers = callersOf(keys);
  const open = openRoutes({ callers, tokens: accessTokens(given.deps) });
  api = createApi({ ...unwatched, routes: routes(deps), openRoutes: open, callers });
});

interface Answer {
  readonly status: number;
  readonly text: string;
  /** Refused for who he is, not for what he asks. */
  readonly isForbidden: boolean;
}

const ask = async (as: string | undefined, { method }: Pick<Route, "method">, path: string): Promise<Answer> => {
  const url = new URL(path, "http://localhost");
  url.searchParams.set("api-version", "2024-11-01");
  const headers = new Headers(as === undefined ? {} : { authorization: `Bearer ${as}-secret` });
  const { status, body } = await api({ method, url, headers, text: async () => "" }, given.call);
  const text = typeof body === "string" ? body : "";
  return { status, text, isForbidden: status === 403 };
};

/** Every path of a route, for one site. */
const pathOf = (route: Route, site: string): string =>
  route.path
    .replace("{site}", site)
    .replace(
      "/subscriptions/{subscription}/resourceGroups/{resourceGroup}/providers/Microsoft.Web/sites/{siteName}",
      site,
    )
    .replace("{subscription}", "s")
    .replace("{resourceGroup}", "g")
    .replace(/\{\w+\}/g, "1");

/** A list of slots has no path below a slot. */
const places = (route: Route, sites: readonly string[]): readonly string[] =>
  sites.filter((site) => route.path.startsWith("{site}") || !site.includes("/slots/"));

const table = routes(memoryInstallation().deps);
const ofSites = table.filter(({ path }) => path.startsWith("{site}") || path.includes("{siteName}"));
const ofNoSite = table.filter((route) => !ofSites.includes(route));

describe("every operation", () => {
  it.each(table)("$name ($method $path) is for those who have its role or a higher one: $role", async (route) => {
    for (const role of roles) {
      const answer = await ask(role, route, pathOf(route, shopPath));
      expect([role, answer.isForbidden]).toEqual([role, !mayAct({ role }, route.role)]);
      expect([role, answer.status]).not.toEqual([role, 401]);
    }
  });

  it.each(table)("$name ($method $path) is for nobody without a right key", async (route) => {
    for (const as of [undefined, "", "wrong"]) {
      const answer = await ask(as, route, pathOf(route, shopPath));
      expect(answer.status).toBe(401);
    }
  });

  it("is refused by HEAD as by GET", async () => {
    for (const route of table.filter(({ method, role }) => method === "GET" && role !== "reader"))
      // Safe: HEAD is answered wherever GET is, and stands in no row.
      expect((await ask("reader", { method: "HEAD" as "GET" }, pathOf(route, shopPath))).status).toBe(403);
  });

  it("is refused alike in every spelling of its path", async () => {
    for (const route of ofSites) {
      const path = pathOf(route, blogPath);
      for (const spelled of [
        path.toUpperCase(),
        `${path}/`,
        path.replace("/blog", "/%62log"),
        path.replace("/sites/blog", "/sites/blog/slots/production"),
        path.replace("/shop", "/./shop"),
        path.replace("/sites/blog", "/sites/shop/../blog"),
        path.replace("/sites/blog", "/sites/shop/%2e%2e/blog"),
      ]) {
        const { status } = await ask("shops-admin", route, spelled);
        expect([403, 404], `${route.method} ${spelled}`).toContain(status);
      }
    }
  });
});

describe("whoever is limited to a site", () => {
  it.each(ofSites)("$name: does with it and its slots what his role allows", async (route) => {
    if (route.needsAllSites === true)
      return expect(await ask("shops-admin", route, pathOf(route, shopPath))).toMatchObject({
        status: 403,
        text: expect.stringContaining("takes a key for all of them"),
      });
    for (const site of places(route, [shopPath, stagingPath]))
      for (const role of roles) {
        const { isForbidden } = await ask(`shops-${role}`, route, pathOf(route, site));
        expect([site, role, isForbidden]).toEqual([site, role, !mayAct({ role }, route.role)]);
      }
  });

  it.each(ofSites)("$name: gets the same 403 for every other, there or not", async (route) => {
    const answers = new Set<string>();
    for (const site of ["blog", "nowhere"]) {
      const path = pathOf(route, shopPath.replace("shop", site));
      const { status, text } = await ask("shops-admin", route, path);
      expect(status).toBe(403);
      expect(text).toContain(`shops-admin may not touch ${site}: it is limited to other sites.`);
      answers.add(text.replaceAll(site, "SITE"));
    }
    expect(answers.size).toBe(1);
    for (const path of places(route, [
      blogPath,
      `${blogPath}/slots/staging`,
      shopPath.replace("/g/", "/g2/"),
      shopPath.replace("/s/", "/s2/"),
    ]))
      expect((await ask("shops-admin", route, pathOf(route, path))).status).toBe(403);
  });

  it.each(ofSites)("$name: reaches from a slot neither the app nor another slot", async (route) => {
    for (const site of places(route, [shopPath, `${shopPath}/slots/test`, `${shopPath}/slots/production`, blogPath]))
      expect((await ask("stagings-admin", route, pathOf(route, site))).status).toBe(403);
  });

  it.each(ofNoSite)("$name: sees nothing of others where no site is named, or is refused", async (route) => {
    for (const role of roles) {
      const { isForbidden, text } = await ask(`shops-${role}`, route, pathOf(route, shopPath));
      const may = route.mindsReach === true && mayAct({ role }, route.role);
      expect([role, isForbidden]).toEqual([role, !may]);
      if (isForbidden && mayAct({ role }, route.role)) expect(text).toContain("takes a key for all of them");
      expect(text).not.toContain("blog");
    }
    // What others see of the same operation shows that there is something to hide, or nothing at all.
    if (/^list(Sites|SiteStates|SitesByResourceGroup)$/.test(route.name))
      expect((await ask("reader", route, pathOf(route, shopPath))).text).toContain("blog");
  });

  it.each(table)("$name: is told nothing when he reaches nothing", async (route) => {
    const { status, text } = await ask("nobodys-admin", route, pathOf(route, shopPath));
    if (route.mindsReach !== true) expect(status).toBe(403);
    expect(text).not.toMatch(/sites\/(shop|blog)"/);
  });
});

describe("docs/callers.md", () => {
  const text = readFileSync("docs/callers.md", "utf8");
  const rows = [...text.matchAll(/^\| `(reader|operator|admin)` +\|/gm)].map(([, role]) => role);

  it("has a row for every role, and every role is needed by some operation", () => {
    expect(rows).toEqual(roles);
    expect(new Set(table.map(({ role }) => role))).toEqual(new Set(roles));
  });

  it("says what readers may not: change anything, or see contents or secrets", () => {
    const ofReaders = table.filter(({ role }) => role === "reader");
    expect(ofReaders.filter(({ method, reads }) => method !== "GET" && reads === undefined)).toEqual([]);
    for (const name of ["readBackupFile", "downloadBackup"])
      expect(table.find((route) => route.name === name)?.role).toBe("operator");
    for (const { role } of table.filter(({ path }) => path.startsWith("/providers/Lifeboat/keys")))
      expect(role).toBe("admin");
  });
});
