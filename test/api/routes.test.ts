import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { accessTokens } from "../../src/api/callers/access-tokens.ts";
import { withOpenApi } from "../../src/api/open-api/with-open-api.ts";
import { pathPattern } from "../../src/api/match.ts";
import { openRoutes, routes } from "../../src/api/routes.ts";
import { callersOf } from "../support/api.ts";
import { memoryInstallation } from "../support/installation.ts";

const all = routes(memoryInstallation().deps);
const { openRoutes: open } = withOpenApi({
  routes: all,
  openRoutes: openRoutes({ callers: callersOf([]), tokens: accessTokens(memoryInstallation().deps) }),
  version: "0.0.0",
});
const rows = [
  ...readFileSync("docs/api.md", "utf8").matchAll(/^\| (\w+) +\| (GET|POST|PUT|DELETE) +\| `([^`]+)` +\| (\w+) +\|/gm),
];

/** Every path of a row, its parameters filled in with words that no row has as a literal. */
const samples = (path: string): readonly string[] => {
  const site = "/subscriptions/s1/resourceGroups/r1/providers/Microsoft.Web/sites/n1";
  const filled = (text: string): string => text.replace(/\{\w+\}/g, "x1");
  return path.startsWith("{site}")
    ? [path.replace("{site}", site), path.replace("{site}", `${site}/slots/t1`)].map(filled)
    : [filled(path)];
};

describe("the table of routes", () => {
  it("is what docs/api.md lists: name, method, path and role, in the same order", () => {
    expect(rows.map((row) => row.slice(1, 5).join(" "))).toEqual(
      [...all, ...open.map((route) => ({ ...route, role: "anyone" }))].map(
        ({ name, method, path, role }) => `${name} ${method} ${path} ${role}`,
      ),
    );
  });

  it("has no path that two routes of a method match, and no name twice", () => {
    for (const route of all)
      for (const path of samples(route.path)) {
        const matching = all.filter((one) => one.method === route.method && pathPattern(one.path).match(path));
        expect(matching.map(({ name }) => name)).toEqual([route.name]);
      }
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });

  it("lets readers do nothing but look, and everybody's GETs change nothing", () => {
    const mayPost = [
      "listSiteBackups",
      "listBackupConfigurationSecrets",
      "listApplicationSettings",
      "listConnectionStrings",
      "listStorageAccounts",
      "listPublishingProfiles",
    ];
    const readersChange = all.filter(
      ({ role, method, name }) => role === "reader" && method !== "GET" && !mayPost.includes(name),
    );
    expect(readersChange).toEqual([]);
  });
});
