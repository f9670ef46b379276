import { expect, it } from "vitest";
import { siteDescriptionRoutes } from "../../../src/api/routes/site-description-routes.ts";
import { installationRoutes } from "../../../src/api/routes/installation-routes.ts";
import { readConfigurationRow } from "../../../src/operations/rows/schedule-rows.ts";
import { changeSite, takenBy } from "../../../src/operations/rows/site-row.ts";
import { putBackupConfiguration } from "../../../src/operations/backups/backup-configuration.ts";
import { backupKey, configurationKey, schedulePartition, sitePartition } from "../../../src/operations/rows/keys.ts";
import { answerOf } from "../../../src/cli/service/answer.ts";
import { siteStateView } from "../../../src/cli/sites/site-state-view.ts";
import { StoreFailure } from "../../../src/domain/store-failure.ts";
import { apiOver, shopPath } from "../../support/api.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

const installation = () => {
  const { deps, call } = memoryInstallation();
  return { deps, call, ask: apiOver([...siteDescriptionRoutes(deps), ...installationRoutes(deps)], call) };
};
const daily = {
  frequencyInterval: 1,
  frequencyUnit: "Day",
  keepAtLeastOneBackup: true,
  retentionPeriodInDays: 3,
} as const;
const other = shopPath.replace("sites/shop", "sites/blog");

it("makes a site for an admin alone, and shows it to everybody who may look", async () => {
  const { ask } = installation();
  const body = { properties: { wwwroot: "/srv/blog" } };
  expect((await ask("PUT", `${other}/description`, { as: "operator", body })).status).toBe(403);
  expect((await ask("PUT", `${other}/description`, { body })).status).toBe(201);
  const shown = await ask("GET", `${other}/description`, { as: "reader" });
  expect(shown.json()).toMatchObject({
    name: "blog",
    properties: { home: null, wwwroot: "/srv/blog", directories: {} },
  });
  const all = (await ask("GET", "/providers/Lifeboat/sites?name=BLOG")).json();
  expect(all["value"]).toHaveLength(1);
});

it.each([
  [{ properties: {} }, /either home or wwwroot/],
  [{ properties: { home: "/a", wwwroot: "/b" } }, /either home or wwwroot/],
  [{ properties: { home: "/a", directories: { "../b": "/b" } } }, /plain name/],
  [{ properties: { home: "/a", directories: { ".": "/b" } } }, /plain name/],
  [
    { properties: { home: "/a", appSettings: { MODE: { a: "planted" } } } },
    /^(?!.*planted).*MODE.*a name with a text/s,
  ],
  [{ properties: { home: "/a", connectionStrings: { main: "planted" } } }, /^(?!.*planted).*main.*value and type/s],
  [{ properties: { home: "/a", connectionStrings: { main: { value: " " } } } }, /main.*value and type/],
])("refuses a description that says too little or too much: %j", async (body, reason) => {
  const { ask } = installation();
  const answer = await ask("PUT", `${other}/description`, { body });
  expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(reason)]);
});

it("forgets a site with its schedule, and not while something runs on it", async () => {
  const { deps, call, ask } = installation();
  await putBackupConfiguration(deps)(call, shop, { enabled: true, schedule: daily });
  const run = { id: "r", kind: "backup", since: "2026-11-21T12:00:00Z" } as const;
  await changeSite(deps.catalog, shop, (row) => ({ row: takenBy(row, run), result: undefined }));
  expect((await ask("DELETE", `${shopPath}/description`)).status).toBe(409);
  await changeSite(deps.catalog, shop, (taken) => {
    const { run: _, ...row } = taken;
    return { row, result: undefined };
  });
  expect((await ask("DELETE", `${shopPath}/description`)).status).toBe(200);
  expect(await readConfigurationRow(deps.catalog, shop)).toBeUndefined();
  expect((await ask("DELETE", `${shopPath}/description`)).status).toBe(204);
});

it("forgets a site whose file was removed by hand, and its slots, with their schedules", async () => {
  const { deps, call, ask } = installation();
  const slot = { ...shop, slot: "staging" };
  for (const site of [shop, slot]) {
    if (site === slot) await deps.sites.describe(slot, { wwwroot: "/srv/staging" });
    await putBackupConfiguration(deps)(call, site, { enabled: true, schedule: daily });
  }
  for (const site of [shop, slot]) await deps.sites.forget(site);
  expect((await ask("DELETE", `${shopPath}/description`)).status).toBe(200);
  for (const site of [shop, slot]) expect(await readConfigurationRow(deps.catalog, site)).toBeUndefined();
});

it("a site that cannot be forgotten keeps its schedule", async () => {
  const { deps, call } = installation();
  await putBackupConfiguration(deps)(call, shop, { enabled: true, schedule: daily });
  const sites = { ...deps.sites, forget: () => Promise.reject(new Error("EACCES")) };
  const ask = apiOver(siteDescriptionRoutes({ ...deps, sites }), call);
  expect((await ask("DELETE", `${shopPath}/description`)).status).toBe(500);
  expect((await readConfigurationRow(deps.catalog, shop))?.configuration).toMatchObject({ isOwn: true });
});

it.each([
  ["backup", sitePartition(shop), backupKey(1)],
  ["schedule", schedulePartition, configurationKey(shop)],
])("a site whose %s cannot be read is shown as that, and hides no other", async (_, partition, key) => {
  const { deps, ask } = installation();
  await ask("PUT", `${other}/description`, { body: { properties: { wwwroot: "/srv/blog" } } });
  await deps.catalog.write(partition, [{ kind: "put", key, value: { status: "Splendid" } }]);
  const answer = await ask("GET", "/providers/Lifeboat/sites", { as: "reader" });
  expect(answer.status).toBe(200);
  const states = answerOf(answer.json()).list("value").map(siteStateView);
  expect(Object.fromEntries(states.map(({ site, state }) => [site, state]))).toEqual({
    blog: "no backup",
    shop: "unreadable",
  });
  expect(states.find(({ site }) => site === "shop")?.problem).toMatch(/log says more/);
});

it("a catalog that does not answer is no list of unreadable sites", async () => {
  const { deps, call } = installation();
  const get = () => Promise.reject(new StoreFailure("Unavailable", "The catalog does not answer."));
  const gone = { ...deps, catalog: { ...deps.catalog, get, list: get } };
  const answer = await apiOver(installationRoutes(gone), call)("GET", "/providers/Lifeboat/sites");
  expect(answer.status).toBeGreaterThanOrEqual(500);
});
