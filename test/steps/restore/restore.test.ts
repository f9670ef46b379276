import {
  chmodSync,
  existsSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LocalExchange } from "../../../src/adapters/site-files/exchange/local-exchange.ts";
import type { Backup } from "../../../src/domain/backup.ts";
import { pathFromText, type BytePath } from "../../../src/domain/byte-path.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { endRunLate } from "../../../src/operations/sweeps/end-run-late.ts";
import { readBackup } from "../../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import { noteTime } from "../../../src/operations/rows/steady-clock.ts";
import { readOperation, replaceOperation } from "../../../src/operations/rows/operation-rows.ts";
import { forgetExpiredUndos } from "../../../src/steps/restore/forget-expired-undos.ts";
import { buildTree, oddTree, treeOf, type FoundNode } from "../../support/file-tree.ts";
import { shop } from "../../support/installation.ts";
import { restoreWorld, type RestoreWorld } from "../../support/restore-world.ts";

let world: RestoreWorld;
beforeEach(() => {
  world = restoreWorld();
  buildTree(world.home, oddTree());
});
afterEach(() => world.remove());

const at = (path: string): string => join(world.home, "site/wwwroot", path);

/** Folders' times are right to the microsecond only. */
const comparable = (tree: ReadonlyMap<BytePath, FoundNode>) =>
  new Map(
    [...tree].map(([path, node]) => [
      path,
      { ...node, mtimeNs: node.kind === "file" ? node.mtimeNs : node.mtimeNs / 1_000n },
    ]),
  );

const wreck = (): void => {
  writeFileSync(at("index.html"), "<h1>Hacked</h1>\n");
  rmSync(at("deep"), { recursive: true });
  rmSync(at("run.sh"));
  mkdirSync(at("run.sh"));
  writeFileSync(at("run.sh/inside"), "a folder where a file was");
  rmSync(at("empty folder"), { recursive: true });
  symlinkSync("/etc", at("empty folder"));
  rmSync(at("link"));
  writeFileSync(at("link"), "a file where a link was");
  mkdirSync(at("added/below"), { recursive: true });
  writeFileSync(at("added/below/shell.php"), "<?php");
};

describe("a restore", () => {
  it("makes the site equal to the backup, content, modes, owners and times, and leaves nothing behind", async () => {
    const before = world.tree();
    const backup = await world.backUp();
    wreck();
    const done = await world.restore(backup);
    expect(done).toMatchObject({ status: "Succeeded" });
    expect(comparable(world.tree())).toEqual(comparable(before));
    expect(await world.scratch()).toEqual([]);
    expect((await world.row()).run).toBeUndefined();
    expect(await world.deps.catalog.list("open-runs")).toEqual([]);
    expect((await readBackup(world.deps.catalog, shop, backup.id))?.backup.lastRestored).toBe(
      world.clock.time.toISOString(),
    );
  });

  it.each([
    { next: "backup", go: () => world.backUp() },
    { next: "restore, which has nothing to change", go: (backup: Backup) => world.restore(backup) },
  ])("that cannot start the site says what is done, and the next $next starts it", async ({ go }) => {
    const backup = await world.backUp();
    wreck();
    const closed = Object.assign(new Error("EROFS: read-only file system"), { code: "EROFS" });
    const start = vi.spyOn(world.host, "start").mockRejectedValueOnce(closed);
    const failed = await world.restore(backup);
    expect(failed).toMatchObject({ status: "Failed", half: true, log: expect.stringMatching(/^Written: \d+,/m) });
    expect(readFileSync(at("index.html"), "utf8")).toBe("<h1>Shop</h1>\n");
    expect(existsSync(at("app_offline.htm"))).toBe(true);
    expect(await go(backup)).toMatchObject({ status: "Succeeded" });
    expect(existsSync(at("app_offline.htm"))).toBe(false);
    start.mockClear();
    await world.backUp();
    expect(start, "once is enough").not.toHaveBeenCalled();
  });

  it("that was given up while the site was stopped, as was putting it back, has its site started by the next backup", async () => {
    const backup = await world.backUp();
    wreck();
    const { run } = await world.ask(backup);
    await world.host.stop(run);
    for (let times = 0; times < 2; times++) {
      const open = (await world.row()).run?.id ?? "";
      await endRunLate(world.deps, world.call, { site: shop, run: open, reason: "It kept ending." });
    }
    expect((await world.row()).run).toBeUndefined();
    expect(existsSync(at("app_offline.htm"))).toBe(true);
    expect(await world.backUp()).toMatchObject({ status: "Succeeded" });
    expect(existsSync(at("app_offline.htm"))).toBe(false);
  });

  it("that went well in a version which did not note that the site is up again has no site to start", async () => {
    const { catalog } = world.deps;
    const backup = await world.backUp();
    wreck();
    const { id } = await world.restore(backup);
    const found = await readOperation(catalog, shop, id);
    if (found === undefined) throw new Error("The operation is gone.");
    const { up: _, ...noted } = found.operation;
    await catalog.write(sitePartition(shop), [replaceOperation(noted, found.version)]);
    const start = vi.spyOn(world.host, "start");
    await world.backUp();
    expect(start).not.toHaveBeenCalled();
  });

  it("gives files that have become one by hard links what each of them had", async () => {
    buildTree(
      world.home,
      treeOf({
        "site/wwwroot/for all": { content: "", mode: 0o644 },
        "site/wwwroot/for me": { content: "", mode: 0o600 },
        "site/wwwroot/for some": { content: "", mode: 0o640 },
      }),
    );
    const before = world.tree();
    const backup = await world.backUp();
    for (const name of ["for me", "for some"]) {
      rmSync(at(name));
      linkSync(at("for all"), at(name));
    }
    const linked = world.tree();
    expect(await world.restore(backup)).toMatchObject({ status: "Succeeded" });
    expect(comparable(world.tree())).toEqual(comparable(before));
    await world.undo();
    expect(comparable(world.tree())).toEqual(comparable(linked));
  });

  it("leaves a file elsewhere alone whose content a hard link shares with the site", async () => {
    const backup = await world.backUp();
    const elsewhere = join(world.folder, "elsewhere");
    linkSync(at("secret"), elsewhere);
    chmodSync(elsewhere, 0o644);
    expect(await world.restore(backup)).toMatchObject({ status: "Succeeded" });
    expect(statSync(at("secret")).mode & 0o777).toBe(0o600);
    expect(statSync(elsewhere).mode & 0o777).toBe(0o644);
  });

  it("puts a hacked file right though it has its old size and time", async () => {
    const backup = await world.backUp();
    const { atimeMs, mtimeMs, size } = statSync(at("index.html"));
    writeFileSync(at("index.html"), "<h1>Evil</h1>\n".slice(0, size));
    utimesSync(at("index.html"), atimeMs / 1_000, mtimeMs / 1_000);
    expect(statSync(at("index.html")).size).toBe(size);
    expect(await world.restore(backup)).toMatchObject({ status: "Succeeded" });
    expect(readFileSync(at("index.html"), "utf8")).toBe("<h1>Shop</h1>\n");
  });

  it("believes size and time in quick mode", async () => {
    // Seconds: what is finer is not read and set exactly here.
    const old = 1_700_000_000;
    utimesSync(at("index.html"), old, old);
    const backup = await world.backUp();
    writeFileSync(at("index.html"), "<h1>Evil</h1>\n");
    utimesSync(at("index.html"), old, old);
    writeFileSync(at("secret"), "for everybody");
    expect(await world.restore(backup, { quick: true })).toMatchObject({ status: "Succeeded" });
    expect(readFileSync(at("index.html"), "utf8")).toBe("<h1>Evil</h1>\n");
    expect(readFileSync(at("secret"), "utf8")).toBe("for the owner");
  });

  it("does not touch the site when nothing differs, and says what it kept", async () => {
    const backup = await world.backUp();
    const done = await world.restore(backup);
    expect(done.steps).toEqual(["checkArchive", "planRestore", "closeRestore"]);
    expect(done.log).toMatch(/^Written: 0, replaced: 0 \(together 0 B\), removed: 0, adjusted: 0, kept: \d\d,/);
    expect(world.areas()).toEqual([]);
  });

  it("leaves what the backup's filter named, whatever the filter is today", async () => {
    writeFileSync(at("_backup.filter"), "site/wwwroot/cache\nsite/wwwroot/*.log\n");
    const backup = await world.backUp();
    buildTree(
      world.home,
      treeOf({
        "site/wwwroot/cache/page": { content: "cached" },
        "site/wwwroot/today.log": { content: "a log" },
        "site/wwwroot/other": { content: "goes" },
      }),
    );
    rmSync(at("_backup.filter"));
    expect(await world.restore(backup)).toMatchObject({ status: "Succeeded" });
    expect(readFileSync(at("cache/page"), "utf8")).toBe("cached");
    expect(readFileSync(at("today.log"), "utf8")).toBe("a log");
    expect(readFileSync(at("_backup.filter"), "utf8")).toContain("cache");
    expect(() => statSync(at("other"))).toThrow(/ENOENT/);
  });

  it("brings back only the chosen paths, and makes the folders above them", async () => {
    const backup = await world.backUp();
    wreck();
    const done = await world.restore(backup, { paths: ["/site/wwwroot/deep/er/and/", "site/wwwroot/link"] });
    expect(done).toMatchObject({ status: "Succeeded" });
    expect(readFileSync(at("deep/er/and/deeper/still"), "utf8")).toContain("quick brown fox");
    expect(readFileSync(at("index.html"), "utf8")).toBe("<h1>Hacked</h1>\n");
    expect(readFileSync(at("added/below/shell.php"), "utf8")).toBe("<?php");
    expect(world.tree().get(pathFromText("site/wwwroot/link"))).toMatchObject({ kind: "link", target: "index.html" });
  });

  it("refuses chosen paths that the backup does not have, instead of removing them", async () => {
    const backup = await world.backUp();
    writeFileSync(at("mine"), "not in the backup");
    const done = await world.restore(backup, { paths: ["site/wwwroot/mine"] });
    expect(done).toMatchObject({
      status: "Failed",
      log: expect.stringContaining('does not contain "site/wwwroot/mine"'),
    });
    expect(readFileSync(at("mine"), "utf8")).toBe("not in the backup");
  });

  it("keeps what the backup could not read", async () => {
    const { execFileSync } = await import("node:child_process");
    execFileSync("mkfifo", [at("pipe")]);
    const backup = await world.backUp();
    expect(backup.status).toBe("PartiallySucceeded");
    rmSync(at("pipe"));
    writeFileSync(at("pipe"), "a file by now");
    expect(await world.restore(backup)).toMatchObject({ status: "Succeeded" });
    expect(readFileSync(at("pipe"), "utf8")).toBe("a file by now");
  });

  it("brings in what changed between the plan and the stop", async () => {
    const before = world.tree();
    const backup = await world.backUp();
    wreck();
    const steps = world.steps();
    const done = await world.restore(
      backup,
      {},
      {
        async stopSite(ref, call) {
          writeFileSync(at("secret"), "written while the restore was prepared");
          writeFileSync(at("late"), "so was this");
          rmSync(at("private"), { recursive: true });
          return steps.stopSite(ref, call);
        },
      },
    );
    expect(done).toMatchObject({ status: "Succeeded", log: expect.stringContaining("more files were brought in") });
    expect(comparable(world.tree())).toEqual(comparable(before));
  });

  it("notices a change that a coarse clock does not show", async () => {
    const backup = await world.backUp();
    const archived = readFileSync(at("index.html"), "utf8");
    // Whole seconds, as FAT tells them, and too new for two changes within a tick to differ.
    const tick = Math.ceil(Date.now() / 1_000) + 3_600;
    utimesSync(at("index.html"), tick, tick);
    const steps = world.steps();
    const done = await world.restore(
      backup,
      {},
      {
        async stopSite(ref, call) {
          writeFileSync(at("index.html"), archived.toUpperCase());
          utimesSync(at("index.html"), tick, tick);
          return steps.stopSite(ref, call);
        },
      },
    );
    expect(done.status).toBe("Succeeded");
    expect(readFileSync(at("index.html"), "utf8")).toBe(archived);
  });

  it("says nothing of changes where what might have changed has not", async () => {
    const backup = await world.backUp();
    const tick = Math.ceil(Date.now() / 1_000) + 3_600;
    utimesSync(at("index.html"), tick, tick);
    writeFileSync(at("added.txt"), "");
    const done = await world.restore(backup);
    expect(done).toMatchObject({ status: "Succeeded", log: expect.not.stringContaining("The site changed") });
  });

  it("sets modes and times of what has the right content already", async () => {
    const before = world.tree();
    const backup = await world.backUp();
    const { chmodSync } = await import("node:fs");
    chmodSync(at("secret"), 0o666);
    utimesSync(at("private/old.txt"), 1_000, 1_000);
    lutimesSync(at("dangling"), 5, 5);
    const done = await world.restore(backup);
    expect(done.log).toContain("adjusted: 3,");
    const found = comparable(world.tree());
    for (const path of ["secret", "private/old.txt", "dangling"]) {
      const key = pathFromText(`site/wwwroot/${path}`);
      const { mtimeNs, ...node } = before.get(key) ?? { mtimeNs: 0n };
      expect(found.get(key)).toMatchObject(node);
      const now = world.tree().get(key)?.mtimeNs ?? 0n;
      expect(now - mtimeNs < 1_000n && mtimeNs - now < 1_000n).toBe(true);
    }
  });
});

describe("an undo", () => {
  it("puts back what the last restore replaced, to the last time stamp", async () => {
    const backup = await world.backUp();
    wreck();
    const before = world.tree();
    const restored = await world.restore(backup);
    expect(world.areas()).toHaveLength(1);
    expect((await world.row()).undo).toEqual({
      run: restored.run,
      operation: restored.id,
      until: "2026-11-24T12:00:00.000Z",
    });
    expect(await world.undo()).toMatchObject({ status: "Succeeded" });
    expect(comparable(world.tree())).toEqual(comparable(before));
    expect(world.areas()).toEqual([]);
    expect((await world.row()).undo).toBeUndefined();
    await expect(world.undo()).rejects.toMatchObject({ code: "NothingToUndo" });
  });

  it("brings replaced files back also where their folder was removed, or a folder stands in their place", async () => {
    const backup = await world.backUp();
    mkdirSync(at("deep/er/mine"));
    writeFileSync(at("deep/er/mine/note"), "mine");
    writeFileSync(at("index.html"), "mine");
    await world.restore(backup);
    rmSync(at("deep"), { recursive: true });
    rmSync(at("index.html"));
    mkdirSync(at("index.html"));
    expect(await world.undo()).toMatchObject({ status: "Succeeded" });
    expect(readFileSync(at("deep/er/mine/note"), "utf8")).toBe("mine");
    expect(readFileSync(at("index.html"), "utf8")).toBe("mine");
  });

  it("fails when something stands in the way, keeps what it could not bring back, and can be asked again", async () => {
    const backup = await world.backUp();
    writeFileSync(at("deep/er/and/deeper/still"), "mine");
    await world.restore(backup);
    rmSync(at("deep"), { recursive: true });
    writeFileSync(at("deep"), "a file in the place of the folder");
    const failed = await world.undo();
    expect(failed).toMatchObject({ status: "Failed", log: expect.stringContaining("deep/er/and/deeper/still") });
    expect(failed.steps).toContain("startSite");
    rmSync(at("deep"));
    expect(await world.undo()).toMatchObject({ status: "Succeeded" });
    expect(readFileSync(at("deep/er/and/deeper/still"), "utf8")).toBe("mine");
    expect(world.areas()).toEqual([]);
  });

  it("is of the newest restore alone, also where what an earlier one had replaced could not be removed", async () => {
    const page = (text?: string): string => {
      if (text !== undefined) writeFileSync(at("index.html"), text);
      return readFileSync(at("index.html"), "utf8");
    };
    page("one");
    const first = await world.backUp();
    page("two");
    const second = await world.backUp();
    page("three");
    await world.restore(first);
    const forget = vi.spyOn(LocalExchange.prototype, "forget").mockRejectedValue(new Error("ENOSPC: no space"));
    expect((await world.restore(second)).status).toBe("Succeeded");
    forget.mockRestore();
    expect((await world.backUp()).status).toBe("Succeeded");
    expect(page()).toBe("two");
    expect((await world.undo()).status).toBe("Succeeded");
    expect(page()).toBe("one");
  });

  it("is not possible when nothing is kept", async () => {
    world.remove();
    world = restoreWorld({ undoDays: 0 });
    buildTree(world.home, oddTree());
    const backup = await world.backUp();
    wreck();
    await world.restore(backup);
    expect(world.areas()).toEqual([]);
    await expect(world.undo()).rejects.toMatchObject({ code: "NothingToUndo" });
  });

  it("puts back the restore before, when the last one had nothing to change, and that one says so", async () => {
    const backup = await world.backUp();
    expect((await world.restore(backup)).log).not.toContain("undo");
    wreck();
    const before = world.tree();
    const first = await world.restore(backup);
    expect(first.log).not.toContain("undo");
    expect((await world.restore(backup)).log).toContain("An undo still takes back the restore before this one");
    expect((await world.row()).undo?.run).toBe(first.run);
    await world.undo();
    expect(comparable(world.tree())).toEqual(comparable(before));
  });

  it("puts back the restore before, when the last one failed", async () => {
    const backup = await world.backUp();
    wreck();
    const before = world.tree();
    const first = await world.restore(backup);
    const failing = await world.restore(backup, { paths: ["no/such/path"] });
    expect(failing.status).toBe("Failed");
    expect((await world.row()).undo?.run).toBe(first.run);
    expect(failing.log).toContain("An undo still takes back the restore before this one");
    await world.undo();
    expect(comparable(world.tree())).toEqual(comparable(before));
  });
});

describe("the configuration", () => {
  const secrets = (mode: string) => ({
    appSettings: { MODE: new Secret(mode), WEBSITE_CONTENTSHARE: new Secret(`share of ${mode}`) },
    connectionStrings: { Main: { value: new Secret(`db of ${mode}`), type: "Custom" } },
  });
  const plain = () => ({
    ...Object.fromEntries(
      Object.entries(world.settings.now.appSettings).map(([name, value]) => [name, value.reveal()]),
    ),
    ...Object.fromEntries(
      Object.entries(world.settings.now.connectionStrings).map(([name, { value, type }]) => [
        name,
        `${value.reveal()} (${type})`,
      ]),
    ),
  });

  it("comes back when it is asked for, but for what belongs to the place, and is put back by an undo", async () => {
    world.settings.now = secrets("backup");
    const backup = await world.backUp();
    world.settings.now = {
      ...secrets("today"),
      appSettings: { ...secrets("today").appSettings, NEW: new Secret("n") },
    };
    const today = plain();
    const done = await world.restore(backup, { configuration: true });
    expect(done).toMatchObject({
      status: "Succeeded",
      log: expect.stringContaining("1 app settings and 1 connection"),
    });
    expect(plain()).toEqual({ MODE: "backup", WEBSITE_CONTENTSHARE: "share of today", Main: "db of backup (Custom)" });
    await world.undo();
    expect(plain()).toEqual(today);
    expect(await world.deps.catalog.list(sitePartition(shop), { prefix: "before!" })).toEqual([]);
  });

  it("stays as it is when it is not asked for", async () => {
    world.settings.now = secrets("backup");
    const backup = await world.backUp();
    world.settings.now = secrets("today");
    wreck();
    await world.restore(backup);
    expect(plain()).toMatchObject({ MODE: "today" });
  });

  it("needs the recovery key, and says so before anything is touched", async () => {
    const backup = await world.backUp();
    wreck();
    const before = world.tree();
    const { createRecoveryKey } = await import("../../../src/adapters/secrets/recovery-key.ts");
    const recoveryKey = createRecoveryKey().text;
    const done = await world.restore(backup, { configuration: true, recoveryKey });
    expect(done).toMatchObject({
      status: "Failed",
      log: expect.stringMatching(/recovery key.*without the configuration/),
    });
    expect(done).not.toHaveProperty("recoveryKey");
    expect(world.tree()).toEqual(before);
  });

  it("is put back when a later part of the restore fails", async () => {
    world.settings.now = secrets("backup");
    const backup = await world.backUp();
    world.settings.now = secrets("today");
    wreck();
    const before = world.tree();
    const steps = world.steps();
    const done = await world.restore(
      backup,
      { configuration: true },
      {
        async restoreConfiguration(input, call) {
          await steps.restoreConfiguration(input, call);
          throw new Error("the process ended here");
        },
      },
    );
    expect(done.status).toBe("Failed");
    expect(plain()).toMatchObject({ MODE: "today", Main: "db of today (Custom)" });
    expect(comparable(world.tree())).toEqual(comparable(before));
    expect(world.areas()).toEqual([]);
  });
});

describe("what a restore replaced", () => {
  it("is dropped once it was kept long enough, and not before", async () => {
    world.settings.now = { appSettings: {}, connectionStrings: {} };
    const backup = await world.backUp();
    wreck();
    await world.restore(backup, { configuration: true });
    const restored = comparable(world.tree());
    const housekeeping = forgetExpiredUndos(world.deps);
    world.clock.time = new Date("2026-11-24T11:59:59Z");
    await housekeeping(world.call);
    expect(world.areas()).toHaveLength(1);
    world.clock.time = new Date("2026-11-24T12:00:00Z");
    await housekeeping(world.call);
    expect(world.areas()).toEqual([]);
    expect((await world.row()).undo).toBeUndefined();
    expect(await world.deps.catalog.list(sitePartition(shop), { prefix: "before!" })).toEqual([]);
    expect(comparable(world.tree())).toEqual(restored);
    await expect(world.undo()).rejects.toMatchObject({ code: "NothingToUndo" });
  });

  it("stays while the clock is ahead, and can be put back when the clock is right again", async () => {
    const backup = await world.backUp();
    wreck();
    const before = comparable(world.tree());
    await noteTime(world.deps, world.call);
    await world.restore(backup);
    const housekeeping = forgetExpiredUndos(world.deps);
    const right = world.clock.time;
    world.clock.time = new Date(right.getTime() + 365 * 86_400_000);
    await housekeeping(world.call);
    await noteTime(world.deps, world.call);
    await housekeeping(world.call);
    world.clock.time = right;
    await housekeeping(world.call);
    expect((await world.undo()).status).toBe("Succeeded");
    expect(comparable(world.tree())).toEqual(before);
  });
});
