import { beforeEach, describe, expect, it } from "vitest";
import type { Backup } from "../../../src/domain/backup.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { deleteBackup } from "../../../src/operations/backups/delete-backup.ts";
import { announceRun, readOpenRuns } from "../../../src/operations/rows/open-run-rows.ts";
import { readBackup } from "../../../src/operations/rows/backup-rows.ts";
import { ownerOfName } from "../../../src/operations/rows/name-rows.ts";
import { insertOperation, readOperation, type Operation } from "../../../src/operations/rows/operation-rows.ts";
import { sitePartition, watchPartition } from "../../../src/operations/rows/keys.ts";
import { readMarks } from "../../../src/operations/rows/mark-rows.ts";
import { readSiteRow } from "../../../src/operations/rows/site-row.ts";
import { getOperation } from "../../../src/operations/restores/operation-results.ts";
import { takeSite } from "../../../src/operations/runs/take-site.ts";
import { noteTime } from "../../../src/operations/rows/steady-clock.ts";
import { takeUpRuns } from "../../../src/operations/sweeps/take-up-runs.ts";
import type { Call } from "../../../src/ports/call.ts";
import type { RunState } from "../../../src/ports/workflow-runner.ts";
import { endRun } from "../../../src/steps/end-run.ts";
import { changeBackup } from "../../../src/steps/backup/backup-row.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";
import { catalogWith } from "../../support/catalog-with.ts";

let given: ReturnType<typeof memoryInstallation>;
let states: Map<string, RunState>;
/** Of whatever was started, unless its own state is said. */
let everyState: RunState | undefined;
let purged: string[];
let call: Call;
beforeEach(() => {
  given = memoryInstallation();
  states = new Map();
  everyState = undefined;
  purged = [];
  call = {
    ...given.call,
    runner: {
      ...given.call.runner,
      state: async (run) => states.get(run) ?? (given.started.some((one) => one.run === run) ? everyState : undefined),
      purge: async (run) => void purged.push(run),
    },
  };
});

const storageAccountUrl = new Secret("https://acct.blob.core.windows.net/backups?sr=c&sp=rwdl&sig=planted");
const died = new Error("the process died");
/** Of a process that dies before it can start anything. */
const dyingCall = (): Call => ({ ...call, runner: { ...call.runner, start: () => Promise.reject(died) } });
const later = (seconds: number): void => {
  given.clock.time = new Date(given.clock.time.getTime() + seconds * 1_000);
};
const takeUp = (): Promise<void> => takeUpRuns(given.deps)(call);
const newBackup = (deps = given.deps) => createBackup(deps)(call, shop, { storageAccountUrl });
/** What the first step of a backup's run does. */
const begin = async ({ id, run = "" }: Backup) => {
  const { epoch } = await readSiteRow(given.deps.catalog, shop);
  const ref = { site: shop, run, epoch, backup: id };
  const began = given.clock.time.toISOString();
  await changeBackup(given.deps, ref, (row) => ({ ...row, status: "InProgress", started: began }));
  return ref;
};
const begunBackup = async () => {
  const made = await newBackup();
  await begin(made.backup);
  return made;
};
const started = (): readonly string[] => given.started.map(({ workflow }) => workflow);

describe("what nobody started", () => {
  it("is a backup whose process died between its row and its start: it is started after ten seconds", async () => {
    await expect(createBackup(given.deps)(dyingCall(), shop, { storageAccountUrl })).rejects.toThrow(died);
    await takeUp();
    expect(started()).toEqual([]);
    later(11);
    await takeUp();
    expect(started()).toEqual(["backupSite"]);
    const backup = (await readBackup(given.deps.catalog, shop, 1))?.backup;
    const name = { container: backup?.destination ?? "", blobBase: backup?.blobBase ?? "" };
    expect(await ownerOfName(given.deps.catalog, name), "its name stays its own").toEqual(shop);
  });

  it("is started also when its announcement is of a clock that was ahead", async () => {
    later(365 * 86_400);
    await expect(createBackup(given.deps)(dyingCall(), shop, { storageAccountUrl })).rejects.toThrow(died);
    later(-365 * 86_400);
    await takeUp();
    expect(started()).toEqual(["backupSite"]);
  });

  it("is no run that another process with workflows of its own has, until that one is believed dead", async () => {
    const one = { ...given.deps, hub: "ownone" };
    const other = { ...given.deps, hub: "ownother" };
    await newBackup(one);
    const [lookOfOne, look] = [takeUpRuns(one), takeUpRuns(other)];
    for (let minute = 0; minute < 30; minute++) {
      states.set(given.started[0]?.run ?? "", "running");
      await lookOfOne(call);
      states.clear();
      await look(call);
      later(60);
    }
    expect(started(), "one still lives").toEqual(["backupSite"]);
    for (let minute = 0; minute < 14; minute++, later(60)) await look(call);
    expect(started()).toEqual(["backupSite"]);
    for (let minute = 0; started().length < 2 && minute < 3; minute++, later(60)) await look(call);
    expect(started(), "one is dead").toEqual(["backupSite", "backupSite"]);
    const [old, now] = given.started.map(({ run }) => run);
    expect(await readSiteRow(given.deps.catalog, shop)).toMatchObject({ epoch: 2, run: { id: now } });
    expect(await readOpenRuns(given.deps.catalog)).toMatchObject([{ run: now, hub: "ownother" }]);
    expect((await readBackup(given.deps.catalog, shop, 1))?.backup).toMatchObject({ run: now, formerRuns: [old] });
    await lookOfOne(call);
    await endRun(one, { site: shop, run: old ?? "", epoch: 1 }, call);
    expect(started(), "one comes back, and looks to whoever has the site").toEqual(["backupSite", "backupSite"]);
    const ref = { site: shop, run: old ?? "", epoch: 1, backup: 1 };
    expect(await changeBackup(one, ref, (backup) => ({ ...backup, status: "InProgress" }))).toBe(false);
    expect(await readOpenRuns(given.deps.catalog)).toHaveLength(1);
  });

  it("is no deletion that another process goes on with", async () => {
    const one = { ...given.deps, hub: "ownone" };
    const { backup } = await newBackup(one);
    await deleteBackup({ ...given.deps, hub: "ownother" })(call, shop, backup.id);
    everyState = "running";
    await takeUpRuns(one)(call);
    expect(given.ended, "cancelled, and left to the other").toEqual([backup.run, given.started.at(-1)?.run]);
  });

  it("is no restore that another process has, also when somebody asks this one how it is", async () => {
    const one = { ...given.deps, hub: "ownone" };
    const operation: Operation = {
      id: "op",
      kind: "restore",
      run: "restore-1",
      status: "InProgress",
      created: given.clock.time.toISOString(),
    };
    await takeSite(one, call, { site: shop, operation });
    later(60);
    await getOperation({ ...given.deps, hub: "ownother" })(call, shop, "op");
    expect(started()).toEqual(["restoreSite"]);
  });

  it("is a verify that somebody asks about, also when a clock that was ahead has dated it", async () => {
    later(365 * 86_400);
    const created = given.clock.time.toISOString();
    const operation: Operation = { id: "op", kind: "verify", run: "verify-1", status: "InProgress", created };
    await given.deps.catalog.write(sitePartition(shop), [insertOperation({ ...operation, backup: 1 })]);
    later(-365 * 86_400);
    await getOperation(given.deps)(call, shop, "op");
    expect(started()).toEqual(["verifyBackup"]);
  });

  it("is begun anew under one name by two that take it over at the same time", async () => {
    await newBackup({ ...given.deps, hub: "ownone" });
    const looks = ["owntwo", "ownthree"].map((hub) => takeUpRuns({ ...given.deps, hub }));
    for (let minute = 0; minute < 20; minute++, later(60)) {
      everyState = "running";
      await Promise.all(looks.map((look) => look(call)));
    }
    expect(await readSiteRow(given.deps.catalog, shop)).toMatchObject({ epoch: 2 });
    expect(new Set(given.started.map(({ run }) => run)).size).toBe(2);
    expect(await readOpenRuns(given.deps.catalog)).toHaveLength(1);
  });

  it("is no run of another process where this machine slept", async () => {
    await newBackup({ ...given.deps, hub: "ownone" });
    const look = takeUpRuns({ ...given.deps, hub: "ownother" });
    for (let day = 0; day < 10; day++, later(86_400)) await look(call);
    expect(started()).toEqual(["backupSite"]);
  });

  it("is a deletion whose process died between its row and its start", async () => {
    const { backup } = await newBackup();
    await expect(deleteBackup(given.deps)(dyingCall(), shop, backup.id)).rejects.toThrow(died);
    later(11);
    await takeUp();
    expect(started()).toEqual(["backupSite", "deleteBackup"]);
  });

  it("is forgotten where no row took it up", async () => {
    await announceRun(given.deps, { run: "backup-9-x", site: shop, since: given.clock.time.toISOString() });
    later(61);
    await takeUp();
    expect(started()).toEqual([]);
    expect(await readOpenRuns(given.deps.catalog)).toEqual([]);
  });
});

describe("a run that owns its site", () => {
  it("is left alone while its workflow runs", async () => {
    const { backup } = await newBackup();
    states.set(backup.run ?? "", "running");
    later(3_600);
    await takeUp();
    expect(started()).toEqual(["backupSite"]);
  });

  it("is started anew when its workflow ended without closing it, twice; then it ends as TimedOut", async () => {
    const { backup } = await newBackup();
    everyState = "failed";
    for (let round = 0; round < 5; round++) {
      later(20);
      await takeUp();
    }
    expect(started()).toEqual(["backupSite", "backupSite", "backupSite"]);
    const ended = (await readBackup(given.deps.catalog, shop, backup.id))?.backup;
    expect(ended).toMatchObject({ status: "TimedOut", log: expect.stringMatching(/^Its run ended 3 times/) });
    const runs = given.started.map(({ run }) => run);
    expect(ended, "each time under another name").toMatchObject({ run: runs[2], formerRuns: runs.slice(0, 2) });
    expect(await readSiteRow(given.deps.catalog, shop)).toMatchObject({ epoch: 4 });
    expect(await readOpenRuns(given.deps.catalog)).toEqual([]);
  });

  it("hands the site on to the backup that waits when it is given up, also when the process dies in between", async () => {
    const first = (await newBackup()).backup;
    const second = (await newBackup()).backup;
    everyState = "terminated";
    for (let round = 0; round < 2; round++) {
      later(20);
      await takeUp();
    }
    expect((await readSiteRow(given.deps.catalog, shop)).run).toMatchObject({ backup: first.id });
    await expect(takeUpRuns(given.deps)(dyingCall())).rejects.toThrow(died);
    everyState = undefined;
    later(70);
    await takeUp();
    const { run } = await readSiteRow(given.deps.catalog, shop);
    expect(run?.backup).toBe(second.id);
    expect(given.started.at(-1)?.run).toBe(run?.id);
    expect((await readOpenRuns(given.deps.catalog)).map((open) => open.run)).toEqual([run?.id]);
  });

  it("is cancelled as TimedOut when it takes longer than it may, counted from its own beginning", async () => {
    const { backup } = await newBackup();
    states.set(backup.run ?? "", "running");
    later(30 * 3_600);
    await takeUp();
    expect((await readBackup(given.deps.catalog, shop, backup.id))?.backup.status).toBe("Created");
    const ref = await begin(backup);
    later(24 * 3_600 - 1);
    await takeUp();
    expect(given.ended).toEqual([]);
    later(1);
    await takeUp();
    expect(given.ended).toEqual([backup.run]);
    expect((await readBackup(given.deps.catalog, shop, backup.id))?.backup).toMatchObject({
      status: "TimedOut",
      log: "It was not done after 24 hours (LIFEBOAT_RUN_HOURS) and was cancelled.",
    });
    expect((await readSiteRow(given.deps.catalog, shop)).run).toBeUndefined();
    // A step that still runs has lost its site.
    expect(await changeBackup(given.deps, ref, (row) => ({ ...row, status: "Succeeded" }))).toBe(false);
  });

  it.each([
    { what: "the machine slept, or its clock was put ahead", days: 7 },
    { what: "its clock, which was ahead, was put right", days: -7 },
  ])("is not cancelled because $what, and not for ever let go on", async ({ days }) => {
    const { backup } = await begunBackup();
    everyState = "running";
    await noteTime(given.deps, call);
    later(days * 86_400);
    for (let hour = 0; hour < 24; hour++, later(3_600)) {
      await takeUp();
      await noteTime(given.deps, call);
    }
    expect(given.ended).toEqual([]);
    await takeUp();
    expect(given.ended).toEqual([backup.run]);
  });

  it("is told of as TimedOut also when the process that cancelled it died right then", async () => {
    const { backup } = await begunBackup();
    everyState = "running";
    later(25 * 3_600);
    const { catalog } = given.deps;
    const deadlyCatalog = catalogWith(catalog, {
      write: (partition, changes) =>
        partition === watchPartition ? Promise.reject(died) : catalog.write(partition, changes),
    });
    await expect(takeUpRuns({ ...given.deps, catalog: deadlyCatalog })(call)).rejects.toThrow(died);
    expect((await readBackup(catalog, shop, backup.id))?.backup.status).toBe("TimedOut");
    await takeUp();
    expect(await readMarks(catalog, 10)).toMatchObject([{ backup: { id: backup.id, status: "TimedOut" } }]);
    expect(await readOpenRuns(catalog)).toEqual([]);
  });

  it("that restores is never cut off by time; given up, its operation fails, and an undo of nobody's gets the site once", async () => {
    const operation: Operation = {
      id: "op",
      kind: "undo",
      run: "undo-1",
      status: "InProgress",
      created: given.clock.time.toISOString(),
      undoOf: "restore-1",
    };
    await takeSite(given.deps, call, { site: shop, operation });
    states.set("undo-1", "running");
    later(1_000 * 3_600);
    await takeUp();
    expect(given.ended).toEqual([]);
    states.set("undo-1", "failed");
    everyState = "failed";
    for (let round = 0; round < 2; round++) await takeUp();
    await expect(takeUpRuns(given.deps)(dyingCall())).rejects.toThrow(died);
    expect((await readOperation(given.deps.catalog, shop, "op"))?.operation).toMatchObject({ status: "Failed" });
    everyState = undefined;
    later(70);
    await takeUp();
    const { run } = await readSiteRow(given.deps.catalog, shop);
    expect(given.started.at(-1)).toMatchObject({ workflow: "undoRestore", run: run?.id });
    const settling = await readOperation(given.deps.catalog, shop, run?.operation ?? "");
    expect(settling?.operation).toMatchObject({ kind: "undo", undoOf: "restore-1", status: "InProgress" });
    // It is not settled in its turn.
    everyState = "failed";
    for (let round = 0; round < 3; round++, later(20)) await takeUp();
    expect((await readSiteRow(given.deps.catalog, shop)).run).toBeUndefined();
    expect(await readOpenRuns(given.deps.catalog)).toEqual([]);
  });
});

describe("a deletion whose workflow keeps ending", () => {
  it("fails, so that it is tried again by whoever wants it", async () => {
    const { backup } = await newBackup();
    await deleteBackup(given.deps)(call, shop, backup.id);
    const run = given.started.at(-1)?.run ?? "";
    states.set(run, "failed");
    later(20);
    for (let round = 0; round < 3; round++) await takeUp();
    expect((await readBackup(given.deps.catalog, shop, backup.id))?.backup).toMatchObject({
      status: "DeleteFailed",
      log: expect.stringMatching(/^Its run ended 3 times/),
    });
  });
});
