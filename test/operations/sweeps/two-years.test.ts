import { describe, expect, it } from "vitest";
import { parseConfigurationRequest } from "../../../src/api/wire/backup-request.ts";
import { afterBackup } from "../../../src/operations/sweeps/after-backup.ts";
import { alignSchedules } from "../../../src/operations/sweeps/align-schedules.ts";
import {
  getBackupConfiguration,
  putBackupConfiguration,
} from "../../../src/operations/backups/backup-configuration.ts";
import { startDue } from "../../../src/operations/sweeps/start-due.ts";
import type { Catalog } from "../../../src/ports/catalog.ts";
import { MemoryCatalog } from "../../support/memory-catalog.ts";
import { removeBackup } from "../../../src/steps/backup/remove-backup.ts";
import type { BackupRef } from "../../../src/workflows/contract.ts";
import { randomOf } from "../../support/interleaving.ts";
import { plannedWorld, siteNamed } from "../../support/planned-world.ts";
import { catalogWith } from "../../support/catalog-with.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const minuteMs = 60_000;
const begin = Date.parse("2027-01-01T00:00:00Z");
/** Two years: a leap day, four changes of the clocks, every end of a month. */
const end = Date.parse("2029-01-01T00:00:00Z");

interface Plan {
  readonly schedule: object;
  /** All planned times, found without the code that is tested. */
  readonly times: readonly number[];
}

const evenly = (from: string, stepMs: number): readonly number[] => {
  const times: number[] = [];
  for (let at = Date.parse(from); at < end; at += stepMs) times.push(at);
  return times;
};

/** Half-past-two on Berlin's clocks, found by looking at them every half hour. */
const nightly = (): readonly number[] => {
  const wall = new Intl.DateTimeFormat("sv-SE", {
    timeZone: "Europe/Berlin",
    dateStyle: "short",
    timeStyle: "short",
  });
  const byDay = new Map<string, Map<string, number>>();
  for (let at = Date.parse("2027-01-02T00:00:00Z"); at < end; at += 30 * minuteMs) {
    const [day = "", time = ""] = wall.format(at).split(" ");
    const times = byDay.get(day) ?? new Map<string, number>();
    if (!times.has(time)) times.set(time, at);
    byDay.set(day, times);
  }
  return [...byDay.values()].flatMap((times) => times.get("02:30") ?? times.get("03:30") ?? []);
};

const retention = { retentionPeriodInDays: 20, keepMonthly: 6 };
const plans: Readonly<Record<string, Plan>> = {
  hours: {
    schedule: { ...retention, frequencyInterval: 13, frequencyUnit: "Hour", startTime: "2027-01-03T05:00:00Z" },
    times: evenly("2027-01-03T05:00:00Z", 13 * hourMs),
  },
  days: {
    schedule: { ...retention, frequencyInterval: 1, frequencyUnit: "Day", startTime: "2027-01-31T23:30:00Z" },
    times: evenly("2027-01-31T23:30:00Z", dayMs),
  },
  weeks: {
    schedule: { frequencyInterval: 7, frequencyUnit: "Day", startTime: "2027-02-27T00:00:00Z" },
    times: evenly("2027-02-27T00:00:00Z", 7 * dayMs),
  },
  nights: {
    schedule: {
      ...retention,
      frequencyInterval: 1,
      frequencyUnit: "Day",
      startTime: "2027-01-02T01:30:00Z",
      timeZone: "Europe/Berlin",
    },
    times: nightly(),
  },
};

/** Tells each backup row as it is inserted. */
const telling = (real: Catalog, tell: (row: Readonly<Record<string, unknown>>) => void): Catalog =>
  catalogWith(real, {
    write: async (partition, changes) => {
      const isDone = await real.write(partition, changes);
      for (const change of isDone ? changes : [])
        if (change.kind === "insert" && change.key.startsWith("backup!")) tell(change.value);
      return isDone;
    },
  });

describe("two years of schedules", () => {
  it("run as planned: once each, once after a downtime, skipped while a run goes on, on two instances whose clocks differ", async () => {
    const outcomes: string[] = [];
    const catalog = telling(new MemoryCatalog(), ({ site, planned, status }) => {
      // As backup rows are written.
      outcomes.push(`${(site as { name: string }).name} ${String(planned)} ${String(status)}`);
    });
    const names = Object.keys(plans);
    const world = plannedWorld(names, { catalog, policy: { openRuns: 10 } });
    const random = randomOf(7);
    world.clock.time = new Date(begin);
    for (const name of names)
      await putBackupConfiguration(world.deps)(
        world.call,
        siteNamed(name),
        parseConfigurationRequest({ properties: { enabled: true, backupSchedule: plans[name]?.schedule } }),
      );
    const ahead = { ...world.deps, clock: { now: () => new Date(world.clock.time.getTime() + 4 * minuteMs) } };
    const handled = new Map(names.map((name) => [name, 0]));
    const busyUntil = new Map<string, number>();
    const expected: string[] = [];
    let downUntil = 0;
    let overlaps = 0;
    let downtimes = 0;
    for (let at = begin + 37 * minuteMs; at < end; at += 60 * minuteMs) {
      if (at < downUntil) continue;
      world.clock.time = new Date(at);
      // Ends what has run long enough, then the two sweeps at the same time.
      const over = [...world.open.values()].filter(({ site }) => (busyUntil.get(site.name) ?? 0) <= at);
      for (const ref of over) await world.end(ref, random() < 0.1 ? "Failed" : "Succeeded");
      const busy = new Set([...world.open.values()].map(({ site }) => site.name));
      for (const ref of over) await afterBackup(world.deps)(ref, world.call);
      for (const { workflow, input } of world.started.splice(0))
        // Safe: a deletion's workflow gets a BackupRef.
        if (workflow === "deleteBackup") await removeBackup(world.deps)(input as BackupRef, world.call);
      await Promise.all([startDue(world.deps)(world.call), startDue(ahead)(world.call)]);
      for (const name of names) {
        const times = plans[name]?.times ?? [];
        const from = handled.get(name) ?? 0;
        const first = times[from];
        if (first === undefined || first > at) continue;
        let next = from;
        while ((times[next] ?? Infinity) <= at) next++;
        handled.set(name, next);
        const isBusy = busy.has(name);
        if (isBusy) overlaps++;
        expected.push(`${name} ${new Date(first).toISOString()} ${isBusy ? "Skipped" : "Created"}`);
        // One run in forty takes up to two days.
        if (!isBusy) busyUntil.set(name, at + (random() < 0.025 ? random() * 2 * dayMs : 10 * minuteMs));
      }
      if (random() < 0.001) {
        downUntil = at + random() * 10 * dayMs;
        downtimes++;
      }
    }
    expect(outcomes.toSorted()).toEqual(expected.toSorted());
    expect(outcomes.length).toBeGreaterThan(2_000);
    expect(overlaps).toBeGreaterThan(20);
    expect(downtimes).toBeGreaterThan(5);
    const kept = (await world.backups(siteNamed("days"))).filter(({ status }) => status === "Succeeded");
    expect(kept.length).toBeGreaterThan(15);
    expect(kept.length).toBeLessThan(30);
    const weekly = (await world.backups(siteNamed("weeks"))).filter(({ status }) => status === "Succeeded");
    expect(weekly.length).toBeLessThan(8);
  });
});

describe("a clock that was wrong", () => {
  const shop = siteNamed("shop");
  const world = async (frequencyUnit = "Day") => {
    const made = plannedWorld(["shop"]);
    await putBackupConfiguration(made.deps)(
      made.call,
      shop,
      parseConfigurationRequest({
        properties: { enabled: true, backupSchedule: { frequencyInterval: 1, frequencyUnit } },
      }),
    );
    return made;
  };

  it("by a year is believed while it is wrong, and no longer than an hour afterwards", async () => {
    const made = await world();
    await made.tickAt(new Date("2026-11-21T12:00:30Z"));
    await made.endAll();
    await made.tickAt(new Date("2027-11-22T13:00:00Z"));
    await made.endAll();
    made.clock.time = new Date("2026-11-22T13:00:00Z");
    expect((await getBackupConfiguration(made.deps)(made.call, shop)).configuration.nextRun).toMatch(/^2027/);
    await alignSchedules(made.deps)(made.call);
    await made.tickAt(new Date("2026-11-22T13:20:00Z"));
    await made.endAll();
    expect((await made.backups(shop)).map(({ planned }) => planned?.slice(0, 10))).toEqual([
      "2026-11-21",
      "2026-11-22",
      // The one of this day has been run by the wrong clock, under its own time: it is not run twice.
    ]);
    await made.tickAt(new Date("2026-11-23T12:00:00Z"));
    expect(made.open.size).toBe(1);
  });

  it("by hours, as one that took local time for UTC, costs an hourly schedule no more than an hour", async () => {
    const made = await world("Hour");
    await made.tickAt(new Date("2026-11-21T12:00:30Z"));
    await made.endAll();
    await made.tickAt(new Date("2026-11-21T20:10:00Z"));
    await made.endAll();
    for (const hour of [13, 14, 15]) {
      made.clock.time = new Date(`2026-11-21T${hour}:20:00Z`);
      await alignSchedules(made.deps)(made.call);
      await made.tickAt(made.clock.time);
      await made.endAll();
    }
    expect((await made.backups(shop)).map(({ created }) => created.slice(11, 13))).toEqual(["12", "20", "14", "15"]);
  });

  it("by some minutes, either way, neither doubles a run nor loses one", async () => {
    const made = await world();
    const ticks = ["12:00:30", "11:55:00", "12:04:00", "11:59:00", "12:00:10", "12:09:00"];
    for (let day = 21; day < 26; day++)
      for (const tick of ticks) {
        await made.tickAt(new Date(`2026-11-${day}T${tick}Z`));
        await made.endAll();
      }
    expect((await made.backups(shop)).map(({ planned, status }) => `${planned?.slice(8, 16)} ${status}`)).toEqual(
      ["21", "22", "23", "24", "25"].map((day) => `${day}T12:00 Succeeded`),
    );
  });
});
