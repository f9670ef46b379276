import { beforeEach, describe, expect, it } from "vitest";
import { deliverAlarms } from "../../../src/operations/alarms/deliver-alarms.ts";
import { sendDigest } from "../../../src/operations/alarms/send-digest.ts";
import { watchNewSites, watchSites } from "../../../src/operations/alarms/watch-sites.ts";
import { checkInstallation } from "../../../src/operations/checks/check-installation.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { isReady, noteSweep } from "../../../src/operations/checks/health.ts";
import { readFigures } from "../../../src/operations/checks/read-figures.ts";
import { insertBackup, readBackups } from "../../../src/operations/rows/backup-rows.ts";
import { readSiteRow } from "../../../src/operations/rows/site-row.ts";
import { endRunLate } from "../../../src/operations/sweeps/end-run-late.ts";
import {
  alarmKey,
  clockKey,
  digestKey,
  duePrefix,
  healthPartition,
  hubsPartition,
  backupKey,
  markKey,
  openRunsPartition,
  progressKey,
  purgeKey,
  retentionRoundKey,
  roundsPartition,
  sitePartition,
  siteRowKey,
  sweepKey,
  watchKey,
  watchPartition,
} from "../../../src/operations/rows/keys.ts";
import { readOpenRuns } from "../../../src/operations/rows/open-run-rows.ts";
import { writeBeat } from "../../../src/operations/rows/step-rows.ts";
import { markSite } from "../../../src/operations/rows/mark-rows.ts";
import { postLetter } from "../../../src/operations/rows/letter-rows.ts";
import { archivesInUse } from "../../../src/operations/sweeps/archives-in-use.ts";
import { purgeEndedRuns } from "../../../src/operations/sweeps/purge-ended-runs.ts";
import { retainAll } from "../../../src/operations/sweeps/retain-all.ts";
import { startDue } from "../../../src/operations/sweeps/start-due.ts";
import { isSteady, noteTime } from "../../../src/operations/rows/steady-clock.ts";
import { sweep } from "../../../src/operations/sweeps/sweep.ts";
import { takeUpRuns } from "../../../src/operations/sweeps/take-up-runs.ts";
import { watchRuns } from "../../../src/operations/sweeps/watch-runs.ts";
import type { Backup } from "../../../src/domain/backup.ts";
import { routes } from "../../../src/api/routes.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { sourceOf, type ArchiveWish } from "../../../src/operations/restores/restore-source.ts";
import { siteKey, type SiteId } from "../../../src/domain/site.ts";
import type { Call } from "../../../src/ports/call.ts";
import { clearScratch } from "../../../src/steps/clear-scratch.ts";
import { apiOver, shopPath } from "../../support/api.ts";
import { shop } from "../../support/installation.ts";
import { keptBackup } from "../../support/kept-backup.ts";
import { alarmWorld, endedBackup } from "../alarms/alarm-world.ts";

const blog: SiteId = { subscription: "s", resourceGroup: "g", name: "blog" };

let world: ReturnType<typeof alarmWorld>;
let told: string[];
let call: Call;
beforeEach(() => {
  world = alarmWorld();
  world.sites.set(siteKey(blog), { id: blog, location: "Local", tier: "Standard" });
  told = [];
  call = { ...world.call, log: { ...world.call.log, error: (event) => void told.push(event) } };
});

const damage = async (partition: string, key: string): Promise<void> => {
  await world.deps.catalog.write(partition, [{ kind: "put", key, value: { what: "nobody knows" } }]);
};
const findings = async (): Promise<readonly string[]> =>
  (await checkInstallation(world.deps)).filter(({ name }) => name === "rows").map(({ message }) => message);
const inUse = async (site: SiteId, backups: readonly Backup[]): Promise<ReadonlySet<number>> =>
  (await archivesInUse(world.deps, site, backups)).backups;
const lostStart: Call["runner"]["start"] = () => Promise.reject(new Error("the process died"));

describe("a row of an open run that cannot be read", () => {
  it("holds up nobody else's run, is told once, and is written anew from the site that the run owns", async () => {
    const mine = (await createBackup(world.deps)(call, shop, {})).backup.run ?? "";
    await createBackup(world.deps)({ ...call, runner: { ...call.runner, start: lostStart } }, blog, {}).catch(() => 0);
    await damage(openRunsPartition, mine);
    await startDue(world.deps)(call);
    await clearScratch(world.deps)(call);
    const kept = [keptBackup()];
    expect(await inUse(shop, kept), "the run may be copying out of it").toEqual(new Set([1]));
    expect(await findings()).toEqual([expect.stringContaining(mine)]);
    world.pass(1);
    const look = takeUpRuns(world.deps);
    for (let round = 0; round < 3; round++) await look(call);
    expect(new Set(world.started.map(({ input }) => (input as { site: SiteId }).site.name))).toEqual(
      new Set(["shop", "blog"]),
    );
    expect(told).toEqual(["the row of an open run cannot be read; it is written anew from its site's"]);
    expect((await readOpenRuns(world.deps.catalog)).map(({ run }) => run)).toContain(mine);
    expect(await findings()).toEqual([]);
  });

  it("goes when no site has such a run, and stays for a person to see when it was a deletion", async () => {
    await damage(openRunsPartition, "backup-9-x");
    await damage(openRunsPartition, "delete-9-x");
    const look = takeUpRuns(world.deps);
    for (let round = 0; round < 3; round++) await look(call);
    expect(told).toHaveLength(2);
    expect(await findings()).toEqual([expect.stringMatching(/ delete-9-x\.$/)]);
    expect(await inUse(shop, [keptBackup()])).toEqual(new Set());
  });
});

it("a site's row that cannot be read holds up no other site's run, and is told once", async () => {
  const starts = world.started;
  for (const site of [shop, blog])
    await createBackup(world.deps)({ ...call, runner: { ...call.runner, start: lostStart } }, site, {}).catch(() => 0);
  await damage(sitePartition(shop), siteRowKey);
  world.pass(1);
  const look = takeUpRuns(world.deps);
  for (let round = 0; round < 3; round++) await look(call);
  expect(starts.map(({ input }) => (input as { site: SiteId }).site.name)).toContain("blog");
  expect(told).toEqual(["a run cannot be looked after: what the catalog holds of its site cannot be read"]);
});

it("signs of life that cannot be read keep nobody from watching the other runs", async () => {
  const runs: string[] = [];
  for (const site of [shop, blog]) runs.push((await createBackup(world.deps)(call, site, {})).backup.run ?? "");
  const [mine = "", other = ""] = runs;
  await writeBeat(world.deps.catalog, { site: shop, run: mine, attempt: "one" }, { beat: 1 });
  await writeBeat(world.deps.catalog, { site: blog, run: other, attempt: "one" }, { beat: 1 });
  await damage(sitePartition(shop), `step!${mine}!one`);
  await damage(sitePartition(shop), progressKey(mine, "pack"));
  await damage(hubsPartition, "ownother");
  const look = watchRuns(world.deps, { isAlone: false });
  for (let minute = 0; minute < 17; minute++, world.pass(1)) await look(call);
  expect(world.ended.toSorted()).toEqual([mine, other].toSorted());
  await takeUpRuns({ ...world.deps, hub: "own" })(call);
});

describe("a backup whose row cannot be read", () => {
  const ask = (method: string, path: string) => apiOver(routes(world.deps), call)(method, `${shopPath}${path}`);
  const nothingKnown = expect.stringMatching(/^What the catalog holds of backup 2 of shop cannot be read\. Start the/);

  beforeEach(async () => {
    const backups = [1, 2, 3].map((id) => keptBackup({ id, blobBase: `b${id}`, name: `b${id}` }));
    await world.deps.catalog.write(sitePartition(shop), backups.map(insertBackup));
    await damage(sitePartition(shop), backupKey(2));
  });

  it("is listed as one that nobody can restore, among the others and in their order", async () => {
    const listed: { properties: object }[] = (await ask("GET", "/backups")).json()["value"] ?? [];
    expect(listed.map(({ properties }) => properties)).toMatchObject([
      { id: 1, status: "Succeeded" },
      { id: 2, status: "Failed", unreadable: true, created: null, log: nothingKnown },
      { id: 3, status: "Succeeded" },
    ]);
    const next: string = (await ask("GET", "/backups?$top=1")).json()["nextLink"] ?? "";
    expect((await ask("GET", `/backups?${next.split("?")[1]}`)).json()["value"]).toMatchObject([{ name: "2" }]);
  });

  it("is neither told, deleted nor restored by its number, and says why; the others are deleted as ever", async () => {
    for (const method of ["GET", "DELETE"]) {
      const answer = await ask(method, "/backups/2");
      expect([answer.status, answer.json()["Code"]]).toEqual([409, "BackupUnreadable"]);
      expect(answer.json()["Message"]).toEqual(nothingKnown);
    }
    expect((await ask("DELETE", "/backups/3")).status).toBe(200);
    expect((await readBackups(world.deps.catalog, shop)).map(({ status }) => status)).toEqual([
      "Succeeded",
      "DeleteInProgress",
    ]);
  });

  it("is passed over where another is restored by its name, and its archive is one that nobody here knows", async () => {
    const wanted = (wish: ArchiveWish) => sourceOf(world.deps, call, { pathSite: shop, wish });
    expect(await wanted({ blobName: "b3" })).toMatchObject({ backup: { id: 3 } });
    const { blobBase } = (await createBackup(world.deps)(call, blog, {})).backup;
    await damage(sitePartition(blog), backupKey(1));
    const storageAccountUrl = new Secret("file:///backups/blog");
    expect(await wanted({ storageAccountUrl, blobName: blobBase })).toEqual({
      destination: "file:///backups/blog",
      blob: `${blobBase}.zip`,
    });
  });
});

it("a backup that waits for its turn and cannot be read keeps no other from the site", async () => {
  const { run = "" } = (await createBackup(world.deps)(call, shop, {})).backup;
  const waiting = (await createBackup(world.deps)(call, shop, {})).backup;
  await damage(sitePartition(shop), backupKey(waiting.id));
  await endRunLate(world.deps, call, { site: shop, run, reason: "It is over." });
  expect(await readSiteRow(world.deps.catalog, shop)).not.toHaveProperty("run");
});

describe("alarms", () => {
  it("are told of other sites whose news can be read, and of the one whose cannot by what the catalog holds", async () => {
    const failed = keptBackup({ status: "Failed", log: "No." });
    await world.deps.catalog.write(sitePartition(shop), [insertBackup(failed)]);
    await damage(watchPartition, markKey(shop, { backup: 1 }));
    await damage(watchPartition, watchKey(blog));
    await damage(watchPartition, `${duePrefix}2026-11-20T00:00:00.000Z!${siteKey(blog)}`);
    await markSite(world.deps.catalog, blog, endedBackup(1, "Failed", world.clock.time));
    await readFigures(world.deps);
    expect((await findings())[0]).toContain(watchKey(blog));
    for (let round = 0; round < 3; round++, world.pass(0.01)) {
      await watchSites(world.deps)(call);
      await deliverAlarms(world.deps)(call);
    }
    expect(world.taken).toHaveLength(2);
    expect(new Set(world.taken.map(({ alarm }) => alarm.site?.name))).toEqual(new Set(["blog", "shop"]));
    expect(told).toHaveLength(2);
    expect(await findings()).toEqual([]);
  });

  it("reach their receivers past any number of letters that cannot be read, which are given up like others", async () => {
    for (let letter = 0; letter < 200; letter++)
      await damage(watchPartition, alarmKey("2026-11-21T11:00:00.000Z", `bad${letter}!webhook`));
    const alarm = { id: "test", kind: "test", time: "", title: "t", text: "" } as const;
    const posted = postLetter({ alarm, channel: "installation webhook", attempt: 0, first: "" }, world.clock.time);
    await world.deps.catalog.write(watchPartition, [posted]);
    world.pass(0.01);
    const deliver = deliverAlarms(world.deps);
    await deliver(call);
    expect(world.taken).toHaveLength(1);
    await deliver(call);
    expect(told).toHaveLength(200);
    expect(await findings()).toEqual([expect.stringContaining("and 195 more")]);
    world.pass(3 * 24 * 60);
    await deliver(call);
    expect(await findings()).toEqual([]);
  });

  it("of sites that are remembered no more begin anew with the next hour, and the digest comes meanwhile", async () => {
    await damage(watchPartition, watchKey(shop));
    const policy = { ...world.deps.policy, alarms: { ...world.deps.policy.alarms, digestMinute: 0 } };
    const deps = { ...world.deps, policy };
    await sendDigest(deps)(call);
    world.pass(0.01);
    await deliverAlarms(deps)(call);
    expect(world.taken.map(({ alarm }) => alarm.kind)).toEqual(["digest"]);
    await watchNewSites(deps)(call);
    await watchSites(deps)(call);
    expect(await findings()).toEqual([]);
  });
});

describe("what timers noted for their next round", () => {
  it.each([
    ["what nobody knows", { what: "nobody knows" }],
    ["no times", { at: "noon", began: "noon", until: "noon", last: "noon" }],
  ])("holds up none of them when it is %s; it is told once and written anew", async (_, value) => {
    const keys = [retentionRoundKey, purgeKey, clockKey];
    for (const key of keys) await world.deps.catalog.write(roundsPartition, [{ kind: "put", key, value }]);
    const seenTo: string[] = [];
    const retain = retainAll(world.deps, async ({ name }) => void seenTo.push(name));
    for (let round = 0; round < 2; round++, world.pass(20)) {
      await retain(call);
      await purgeEndedRuns(world.deps)(call);
      await sweep(world.deps)(call);
    }
    expect(seenTo).toEqual(["blog", "shop"]);
    expect(told).toEqual(keys.map(() => "what housekeeping had noted cannot be read; it is written anew"));
  });

  it("deletes nothing for its age when it told of the clock, until that has gone evenly for a day", async () => {
    await noteTime(world.deps, call);
    expect(await isSteady(world.deps)).toBe(true);
    await damage(roundsPartition, clockKey);
    expect(await isSteady(world.deps)).toBe(false);
    for (let hour = 0; hour < 24; hour++, world.pass(60)) {
      await noteTime(world.deps, call);
      expect(await isSteady(world.deps)).toBe(false);
    }
    expect(await isSteady(world.deps)).toBe(true);
  });

  it("is no reason to call the catalog broken when it told of the last sweep, and the next sweep mends it", async () => {
    await damage(healthPartition, sweepKey);
    expect(await isReady(world.deps)).toEqual({
      cause: "no sweep",
      problems: ["when the sweep last ran cannot be read; its next run notes it anew."],
    });
    await noteSweep(world.deps);
    expect((await isReady(world.deps)).problems).toEqual([]);
  });

  it("does not keep the digest back when it told of the last one; that says that it cannot count", async () => {
    await damage(watchPartition, digestKey);
    const policy = { ...world.deps.policy, alarms: { ...world.deps.policy.alarms, digestMinute: 0 } };
    for (let round = 0; round < 2; round++, world.pass(1)) {
      await sendDigest({ ...world.deps, policy })(call);
      await deliverAlarms(world.deps)(call);
    }
    expect(world.taken.map(({ alarm }) => alarm.text)).toEqual([
      "Backups since the last digest: unknown, for what was noted of it cannot be read.",
    ]);
    expect(told).toEqual(["what housekeeping had noted cannot be read; it is written anew"]);
  });
});
