import { beforeEach, describe, expect, it } from "vitest";
import { memoryDestination } from "../../support/memory-destination.ts";
import { MemorySite } from "../../support/memory-site.ts";
import { restoreRoutes } from "../../../src/api/routes/restore-routes.ts";
import type { Backup } from "../../../src/domain/backup.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { StoreFailure } from "../../../src/domain/store-failure.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { insertBackup, readBackup, readProgress, replaceBackup } from "../../../src/operations/rows/backup-rows.ts";
import { RunsAtWork } from "../../../src/operations/runs/runs-at-work.ts";
import { takeUpRuns } from "../../../src/operations/sweeps/take-up-runs.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import { writeBeat } from "../../../src/operations/rows/step-rows.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { verifyArchive } from "../../../src/steps/verify/verify-archive.ts";
import { verifyBackup as verifyWorkflow } from "../../../src/workflows/verify-backup.ts";
import { StepFailed } from "../../../src/workflows/workflow.ts";
import type { VerifyRef } from "../../../src/workflows/contract.ts";
import { writeManifest } from "../../../src/manifest/write-manifest.ts";
import { apiOver, shopPath } from "../../support/api.ts";
import { fakeWorkflow, finish } from "../../support/fake-workflow.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";
import { keptBackup } from "../../support/kept-backup.ts";
import { packArchive, readWhole } from "../../support/pack-archive.ts";
import { putObject } from "../../support/put-object.ts";
import { bareManifest } from "../../manifest/example.ts";
import { catalogWith } from "../../support/catalog-with.ts";

let given: ReturnType<typeof memoryInstallation>;
let deps: Installation;
let destination: Destination;
let backup: Backup;
let ask: ReturnType<typeof apiOver>;

beforeEach(async () => {
  given = memoryInstallation();
  const files = new MemorySite();
  for (let number = 0; number < 50; number++)
    files.writeFile(pathFromText(`site/wwwroot/page-${number}.html`), Buffer.from(`page ${number} `.repeat(200)));
  destination = memoryDestination();
  const { commitId, sizeBytes } = await packArchive({ site: files, destination, name: "nightly.zip" });
  backup = keptBackup({ sizeBytes, commitId, log: "" });
  const archive = { name: "nightly.zip", sizeBytes, commitId };
  await putObject(destination, "nightly.xml", writeManifest({ ...bareManifest, archive }));
  await given.deps.catalog.write(sitePartition(shop), [insertBackup(backup)]);
  deps = { ...given.deps, destinations: { open: async () => destination } };
  ask = apiOver(restoreRoutes(deps), given.call);
});

const verify = async (properties: object = {}) => {
  const answer = await ask("POST", `${shopPath}/backups/1/verify`, { body: { properties } });
  return {
    status: answer.status,
    location: answer.headers["location"] ?? "",
    ref: given.started.at(-1)?.input as VerifyRef,
  };
};

/** The workflow as the runtime runs it: step after step, each awaited, none retried. */
const run = async (ref: VerifyRef, step = verifyArchive(deps)) => {
  let from: number | undefined = 0;
  while (from !== undefined) {
    const result: Awaited<ReturnType<typeof step>> = await step({ ...ref, from }, given.call);
    if (!result.ok) {
      await step({ ...ref, from, failure: result.message }, given.call);
      return;
    }
    from = result.next;
  }
};

const result = async (location: string) =>
  (await ask("GET", location)).json()["properties"] as unknown as {
    ok: boolean;
    checkedEntries: number;
    damagedCount: number;
    damaged: { path: string | null; code: string; problem: string }[];
  };

const damage = async (change: (zip: Buffer) => Buffer) =>
  putObject(destination, "nightly.zip", change(await readWhole(destination, "nightly.zip")));

describe("verifying a backup", () => {
  it("is polled as a restore is, with ids only in the workflow, and takes no site", async () => {
    const { status, location, ref } = await verify();
    expect(status).toBe(202);
    expect((await ask("GET", location)).status).toBe(202);
    expect(ref).toEqual({ site: shop, run: expect.stringMatching(/^verify-1-/), operation: expect.any(String) });
    await run(ref);
    const done = await ask("GET", location);
    expect(done.status).toBe(200);
    expect(done.json()["properties"]).toMatchObject({
      backup: 1,
      ok: true,
      quick: false,
      checkedEntries: 52,
      entries: 52,
      damagedCount: 0,
      damaged: [],
      sizeInBytes: backup.sizeBytes,
    });
    expect((await readBackup(deps.catalog, shop, 1))?.backup.log).toBe("");
    expect(await readProgress(deps.catalog, shop, ref.run)).toBeUndefined();
  });

  it.each([false, true])(
    "names the file that one flipped bit damaged, and the backup says so (quick: %s)",
    async (quick) => {
      await damage((zip) => {
        const at = zip.indexOf("page-7.html") + 14;
        zip[at] = (zip[at] ?? 0) ^ 1;
        return zip;
      });
      const { location, ref } = await verify({ quick });
      await run(ref);
      const found = await result(location);
      expect(found).toMatchObject({ ok: false, checkedEntries: 52 });
      expect(found.damaged.map(({ path }) => path)).toContain("fs/site/wwwroot/page-7.html");
      expect((await readBackup(deps.catalog, shop, 1))?.backup.log).toMatch(
        /Verified at 2026\S+: 1 fault: .*Do not rely on this backup/,
      );
    },
  );

  it("calls it damaged, once however often it is told, until all of it is whole again", async () => {
    const whole = await readWhole(destination, "nightly.zip");
    await damage((zip) => {
      const at = zip.indexOf("page-7.html") + 14;
      zip[at] = (zip[at] ?? 0) ^ 1;
      return zip;
    });
    const kept = async () => (await readBackup(deps.catalog, shop, 1))?.backup;
    for (let round = 0; round < 2; round++) await run((await verify()).ref);
    expect((await kept())?.damaged).toBe(given.clock.time.toISOString());
    expect((await kept())?.log?.match(/Do not rely/g)).toHaveLength(1);
    await putObject(destination, "nightly.zip", whole);
    await run((await verify({ quick: true })).ref);
    expect((await kept())?.damaged).toBeDefined();
    await run((await verify()).ref);
    expect((await kept())?.damaged).toBeUndefined();
    expect((await kept())?.log).toMatch(/^Verified at .*: all of it is whole again\.\nVerified at .*Do not rely/);
  });

  it("has noted the damage when the operation ends", async () => {
    await damage((zip) => zip.subarray(0, zip.length - 100));
    const { ref } = await verify();
    const { catalog } = deps;
    const dying: Installation = {
      ...deps,
      catalog: catalogWith(catalog, {
        write: async (partition, changes) => {
          if (JSON.stringify(changes).includes('"finished"') && JSON.stringify(changes).includes('"kind":"verify"'))
            throw new Error("killed");
          return catalog.write(partition, changes);
        },
      }),
    };
    await expect(verifyArchive(dying)({ ...ref, from: 0 }, given.call)).rejects.toThrow("killed");
    expect((await readBackup(catalog, shop, 1))?.backup.damaged).toBeDefined();
  });

  it("finds an archive that was exchanged for another good one", async () => {
    const other = memoryDestination();
    await packArchive({ site: new MemorySite(), destination: other, name: "nightly.zip" });
    await putObject(destination, "nightly.zip", await readWhole(other, "nightly.zip"));
    const { location, ref } = await verify();
    await run(ref);
    expect((await result(location)).damaged.map(({ code }) => code)).toEqual(["CommitIdMismatch"]);
  });

  it.each([
    ["cut short", () => damage((zip) => zip.subarray(0, zip.length - 100)), "NoEndRecord"],
    ["gone", () => destination.remove("nightly.zip"), "Missing"],
    ["without its description", () => destination.remove("nightly.xml"), "Missing"],
    [
      "with an edited description",
      () => putObject(destination, "nightly.xml", Buffer.from("<backup/>")),
      "CommitIdMismatch",
    ],
  ])("tells an archive that is %s", async (_, spoil, code) => {
    await spoil();
    const { location, ref } = await verify();
    await run(ref);
    const found = await result(location);
    expect(found.ok).toBe(false);
    expect(found.damaged.map((one) => one.code)).toContain(code);
  });

  it("counts once what a late first attempt checks again", async () => {
    const { location, ref } = await verify();
    const step = verifyArchive(deps);
    await Promise.all([step({ ...ref, from: 0 }, given.call), step({ ...ref, from: 0 }, given.call)]);
    await run(ref);
    expect(await result(location)).toMatchObject({ ok: true, checkedEntries: 52 });
  });

  it("goes on where the row says when its minute is over, whatever it is asked", async () => {
    const late = { ...deps, clock: { now: () => new Date(given.clock.time.getTime() + 70_000 * ++ticks) } };
    let ticks = 0;
    const { location, ref } = await verify();
    const step = verifyArchive(late, { milliseconds: 60_000, partEntries: 30, partBytes: 1_000_000 });
    expect(await step({ ...ref, from: 0 }, given.call)).toEqual({ ok: true, next: 30 });
    expect(await readProgress(deps.catalog, shop, ref.run)).toMatchObject({ files: 30, phase: "Verifying" });
    expect(await step({ ...ref, from: 0 }, given.call)).toEqual({ ok: true, next: 30 });
    expect(await step({ ...ref, from: 30 }, given.call)).toEqual({ ok: true });
    expect(await result(location)).toMatchObject({ ok: true, checkedEntries: 52 });
  });

  it("fails, and says why, when the backup is deleted meanwhile or the container shuts it out", async () => {
    const first = await verify();
    const row = await readBackup(deps.catalog, shop, 1);
    await deps.catalog.write(sitePartition(shop), [
      replaceBackup({ ...backup, status: "Deleted" }, row?.version ?? ""),
    ]);
    await run(first.ref);
    const poll = await ask("GET", first.location);
    expect({ status: poll.status, message: poll.json()["Message"] }).toEqual({
      status: 409,
      message: "The backup was deleted meanwhile.",
    });
  });

  it("fails when the container shuts it out, and throws to be tried again when it is away", async () => {
    const { location, ref } = await verify();
    const away = (failure: StoreFailure) =>
      verifyArchive({ ...deps, destinations: { open: () => Promise.reject(failure) } });
    await expect(run(ref, away(new StoreFailure("Unavailable", "503")))).rejects.toThrow("503");
    expect((await ask("GET", location)).status).toBe(202);
    await run(ref, away(new StoreFailure("AccessDenied", "The SAS expired.")));
    expect((await ask("GET", location)).json()["Message"]).toBe("The SAS expired.");
  });

  it("leaves nothing of attempts whose process died, also right after it has ended", async () => {
    const { ref } = await verify();
    for (const attempt of ["died before", "died at the end"]) {
      await writeBeat(deps.catalog, { site: shop, run: ref.run, attempt }, { beat: 1 });
      await run(ref);
      const rows = await deps.catalog.list(sitePartition(shop));
      expect(rows.filter(({ key }) => /^(?:step|progress)!/.test(key))).toEqual([]);
    }
  });

  it("is started again by who polls when its process died before it could", async () => {
    const { location, ref } = await verify();
    given.clock.time = new Date("2026-11-21T12:01:00Z");
    await ask("GET", location);
    expect(given.started.map(({ input }) => input)).toEqual([ref, ref]);
  });

  it("is started by one of several processes with workflows of their own, and by another once that one is dead", async () => {
    const processes = ["one", "two", "three"].map((hub) => {
      const own = { ...deps, hub, runsAtWork: new RunsAtWork() };
      const started: unknown[] = [];
      const runner = {
        ...given.call.runner,
        start: async (...asked: unknown[]) => void started.push(asked[2]),
        state: async () => (started.length > 0 ? ("running" as const) : undefined),
      };
      const call = { ...given.call, runner };
      return { own, started, look: takeUpRuns(own), call, ask: apiOver(restoreRoutes(own), call) };
    });
    const [first, ...others] = processes;
    if (first === undefined) throw new Error("no process");
    const starts = () => processes.map(({ started }) => started.length);
    const { headers } = await first.ask("POST", `${shopPath}/backups/1/verify`);
    const minutes = async (count: number, alive: typeof processes) => {
      for (let minute = 0; minute < count; minute++) {
        given.clock.time = new Date(given.clock.time.getTime() + 60_000);
        for (const { look, call } of alive) await look(call);
        await Promise.all(others.map(({ ask: poll }) => poll("GET", headers["location"] ?? "")));
      }
    };
    await minutes(30, processes);
    expect(starts(), "the first lives").toEqual([1, 0, 0]);
    await minutes(20, others);
    expect(Math.max(...starts().slice(1)) + Math.min(...starts().slice(1)), "the first is dead").toBe(1);
    // Safe: what a verify is started with.
    const [ref] = first.started as VerifyRef[];
    if (ref === undefined) throw new Error("not started");
    expect(await verifyArchive(first.own)({ ...ref, from: 0 }, given.call), "and leaves it when it comes back").toEqual(
      {
        ok: true,
      },
    );
    expect((await first.ask("GET", headers["location"] ?? "")).status).toBe(202);
    const heir = others.find(({ started }) => started.length > 0);
    if (heir === undefined) throw new Error("nobody took it up");
    await run(ref, verifyArchive(heir.own));
    expect((await first.ask("GET", headers["location"] ?? "")).status).toBe(200);
  });

  it("goes on from its row when its workflow ended without a result", async () => {
    const { location, ref } = await verify();
    given.clock.time = new Date("2026-11-21T12:01:00Z");
    const purged: string[] = [];
    const runner = {
      ...given.call.runner,
      state: async () => "failed" as const,
      purge: async (run: string) => void purged.push(run),
    };
    await apiOver(restoreRoutes(deps), { ...given.call, runner })("GET", location);
    expect(purged).toEqual([ref.run]);
    expect(given.started.map(({ input }) => input)).toEqual([ref, ref]);
  });

  const cancel = async ({ operation }: VerifyRef): Promise<void> => {
    expect((await ask("DELETE", `${shopPath}/operations/${operation}`)).status).toBe(200);
  };
  const cancelled = async ({ operation }: VerifyRef) =>
    (await ask("GET", `${shopPath}/operations/${operation}`)).json()["properties"];
  const small = { milliseconds: 60_000, partEntries: 30, partBytes: 1_000_000 };

  it("ends with its next step when it is cancelled, and leaves no news behind", async () => {
    const { ref } = await verify();
    await cancel(ref);
    await run(ref);
    expect(await cancelled(ref)).toMatchObject({
      status: "Failed",
      log: "It was cancelled after 0 of 0 entries.",
      cancelled: given.clock.time.toISOString(),
    });
    expect(await readProgress(deps.catalog, shop, ref.run)).toBeUndefined();
  });

  it("stops in the middle of a step when it is cancelled, and counts what that has found", async () => {
    await damage((zip) => {
      // The first one in the order of the data: what is read before it is cancelled.
      const at = zip.indexOf("page-0.html") + 14;
      zip[at] = (zip[at] ?? 0) ^ 1;
      return zip;
    });
    const { ref } = await verify();
    const { catalog } = deps;
    const cancelling = catalogWith(catalog, {
      writeNews: async (partition, row) => {
        await catalog.writeNews(partition, row);
        await cancel(ref);
      },
    });
    await run(ref, verifyArchive({ ...deps, catalog: cancelling }, small));
    expect(await cancelled(ref)).toMatchObject({
      status: "Failed",
      log: expect.stringMatching(/^It was cancelled after 30 of 52 entries\. Damaged so far: [1-9]/),
    });
    expect((await readBackup(deps.catalog, shop, 1))?.backup.log).toMatch(/Do not rely on this backup/);
    expect(await readProgress(deps.catalog, shop, ref.run)).toBeUndefined();
  });

  it("is refused for a backup that cannot be restored", async () => {
    const row = await readBackup(deps.catalog, shop, 1);
    await deps.catalog.write(sitePartition(shop), [replaceBackup({ ...backup, status: "Failed" }, row?.version ?? "")]);
    expect((await verify()).status).toBe(409);
  });
});

describe("the verify workflow", () => {
  const ref = { site: shop, run: "verify-1-x", operation: "o" };

  it("calls part after part until none is left", () => {
    const { wf, calls } = fakeWorkflow({
      verifyArchive: ({ from }) => (from < 20 ? { ok: true, next: from + 10 } : { ok: true }),
    });
    finish(verifyWorkflow(wf, ref));
    expect(calls.map(({ input }) => (input as { from: number }).from)).toEqual([0, 10, 20]);
  });

  it.each([
    ["fails", () => ({ ok: false, code: "Failed", message: "why" }) as const],
    [
      "throws at every attempt",
      () => {
        throw new StepFailed("verifyArchive", "why");
      },
    ],
  ])("ends the operation as failed when a part %s", (_, body) => {
    const { wf, calls } = fakeWorkflow({
      verifyArchive: ({ failure }) => (failure === undefined ? body() : { ok: true }),
    });
    finish(verifyWorkflow(wf, ref));
    expect(calls.at(-1)?.input).toMatchObject({ failure: "why" });
    expect(calls).toHaveLength(2);
  });
});
