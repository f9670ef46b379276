import { beforeEach, describe, expect, it } from "vitest";
import { alarmRoutes } from "../../../src/api/routes/alarm-routes.ts";
import { healthRoutes } from "../../../src/api/routes/health-routes.ts";
import { noteSweep } from "../../../src/operations/checks/health.ts";
import { insertBackup } from "../../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import { markSite } from "../../../src/operations/rows/mark-rows.ts";
import { watchSites } from "../../../src/operations/alarms/watch-sites.ts";
import { alarmWorld, endedBackup } from "../../operations/alarms/alarm-world.ts";
import { apiOver, shopPath } from "../../support/api.ts";
import { shop } from "../../support/installation.ts";
import { keptBackup } from "../../support/kept-backup.ts";

let world: ReturnType<typeof alarmWorld>;
let ask: ReturnType<typeof apiOver>;
beforeEach(() => {
  world = alarmWorld();
  ask = apiOver([...alarmRoutes(world.deps), ...healthRoutes(world.deps)], world.call);
});

const path = `${shopPath}/config/alarms`;
const put = (properties: object, as: "reader" | "operator" | "admin" = "operator") =>
  ask("PUT", path, { body: { properties }, as });

describe("a site's alarms", () => {
  it("are stored without ever being shown", async () => {
    const webhook = { url: "https://hooks.example/planted", form: "Slack", secret: "planted-too" };
    const reply = await put({ webhook, mailTo: ["a@example.org"], heartbeatUrl: "https://beat.example/planted" });
    expect(reply.status).toBe(200);
    const shown = await ask("GET", path, { as: "admin" });
    expect(shown.json()["properties"]).toEqual({
      webhook: { url: "", form: "slack", isSigned: true, secret: "" },
      mailTo: ["a@example.org"],
      heartbeatUrl: "",
    });
    const stored = JSON.stringify(await world.deps.catalog.list("site!s!g!shop!"));
    for (const text of [reply.text, shown.text, stored]) expect(text).not.toContain("planted");
  });

  it("stay when what was blank is sent back blank, and go where their address goes", async () => {
    await put({ webhook: { url: "https://hooks.example/a", secret: "s" }, heartbeatUrl: "https://beat.example/a" });
    const { properties } = (await ask("GET", path)).json();
    await put(properties ?? {});
    await ask("POST", `${path}/test`);
    expect(new Set(world.taken.map(({ url }) => url))).toEqual(
      new Set(["https://hooks.example/secret", "https://hooks.example/a", "https://beat.example/a"]),
    );
    const other = await put({ webhook: { url: "https://elsewhere.example/" } });
    expect(other.json()["properties"]).toMatchObject({ webhook: { isSigned: false }, heartbeatUrl: null });
  });

  it.each([
    [{ webhook: {} }, "properties.webhook.url"],
    [{ webhook: { url: "https://a.example", form: "pigeon" } }, "properties.webhook.form"],
    [{ mailTo: ["nobody"] }, "properties.mailTo"],
  ])("%o is refused by the field's name", async (properties, field) => {
    const reply = await put(properties ?? {});
    expect(reply.status).toBe(400);
    expect(reply.text).toContain(field);
  });

  it("are nothing that a reader changes or tries", async () => {
    expect((await put({}, "reader")).status).toBe(403);
    expect((await ask("POST", `${path}/test`, { as: "reader" })).status).toBe(403);
    expect((await ask("DELETE", path, { as: "reader" })).status).toBe(403);
    expect((await ask("POST", "/providers/Lifeboat/alarms/test", { as: "operator" })).status).toBe(403);
  });

  it("can be tried, and who did not take the test is told with the reason", async () => {
    world.receivers.broken = true;
    const reply = await ask("POST", "/providers/Lifeboat/alarms/test");
    expect(reply.json()).toEqual({
      value: [{ channel: "installation webhook", sent: false, problem: "out of order" }],
    });
  });

  it("are gone after a DELETE", async () => {
    await put({ mailTo: ["a@example.org"] });
    expect((await ask("DELETE", path)).status).toBe(200);
    expect((await ask("GET", path)).json()["properties"]).toMatchObject({ mailTo: [] });
  });
});

describe("what watches over Lifeboat", () => {
  it("is told whether the sweep runs, without a version", async () => {
    const ready = () => ask("GET", "/readyz", { version: "" });
    expect((await ready()).status).toBe(503);
    await noteSweep(world.deps);
    expect((await ready()).json()).toEqual({
      status: "ready",
      problems: [],
      swept: "2026-11-21T12:00:00.000Z",
      lastErrors: [],
    });
    world.pass(4);
    const late = await ready();
    expect(late.status).toBe(503);
    expect(late.json()).toMatchObject({ problems: ["the sweep last ran 4 minutes ago."] });
  });

  it("is told what ails the store", async () => {
    const broken = {
      ...world.deps,
      catalog: { ...world.deps.catalog, write: () => Promise.reject(new Error("full")) },
    };
    const reply = await apiOver(healthRoutes(broken), world.call)("GET", "/readyz");
    expect(reply.status).toBe(503);
    expect(reply.text).toContain("the catalog cannot be written: full");
  });

  it("reads metrics of every site", async () => {
    const finished = world.clock.time.toISOString();
    await world.deps.catalog.write(sitePartition(shop), [insertBackup(keptBackup({ finished }))]);
    await markSite(world.deps.catalog, shop, endedBackup(1, "Succeeded", world.clock.time));
    await markSite(world.deps.catalog, shop, endedBackup(2, "Failed", world.clock.time));
    await watchSites(world.deps)(world.call);
    world.pass(60);
    const { text, headers } = await ask("GET", "/metrics", { version: "", as: "reader" });
    expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    const site = 'subscription="s",resource_group="g",site="shop"';
    expect(text).toContain(`lifeboat_backups_total{${site},status="Succeeded"} 1\n`);
    expect(text).toContain(`lifeboat_backups_total{${site},status="Failed"} 1\n`);
    expect(text).toContain(`lifeboat_newest_good_backup_age_seconds{${site}} 3600\n`);
    expect(text).toContain(`lifeboat_site_in_trouble{${site}} 1\n`);
    // Every line is a comment, or a name with labels and a number.
    for (const line of text.trim().split("\n"))
      expect(line).toMatch(/^# (HELP|TYPE) [a-z_]+ .+$|^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [\d.]+$/);
  });
});
