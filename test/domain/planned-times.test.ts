import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { civilTime } from "../../src/domain/civil-time.ts";
import { nextRunOf, opensAt, plannedAfter, plannedBefore } from "../../src/domain/planned-times.ts";
import type { BackupSchedule } from "../../src/domain/schedule.ts";

type Times = Pick<BackupSchedule, "frequencyInterval" | "frequencyUnit" | "startTime" | "timeZone" | "runWindow">;

const every = (interval: number, unit: "Day" | "Hour", startTime: string, rest: Partial<Times> = {}): Times => ({
  frequencyInterval: interval,
  frequencyUnit: unit,
  startTime,
  ...rest,
});
const after = (times: Times, text: string): string => plannedAfter(times, new Date(text)).toISOString();
const series = (times: Times, from: string, count: number): string[] => {
  const found: string[] = [];
  let at = new Date(from);
  while (found.length < count) {
    at = plannedAfter(times, at);
    found.push(at.toISOString().slice(0, 16));
  }
  return found;
};

describe("planned times", () => {
  it("are the start and whole intervals after it, whenever one asks", () => {
    const times = every(12, "Hour", "2026-01-31T02:30:00Z");
    expect(after(times, "2020-01-01T00:00:00Z")).toBe("2026-01-31T02:30:00.000Z");
    expect(after(times, "2026-01-31T02:30:00Z")).toBe("2026-01-31T14:30:00.000Z");
    expect(after(times, "2027-06-01T02:29:59.999Z")).toBe("2027-06-01T02:30:00.000Z");
  });

  it("go over ends of months and leap days without a gap or a double", () => {
    const times = every(1, "Day", "2027-12-30T23:00:00Z");
    expect(series(times, "2028-02-27T00:00:00Z", 4)).toEqual([
      "2028-02-27T23:00",
      "2028-02-28T23:00",
      "2028-02-29T23:00",
      "2028-03-01T23:00",
    ]);
    expect(series(every(7, "Day", "2027-12-30T23:00:00Z"), "2028-02-20T00:00:00Z", 3)).toEqual([
      "2028-02-24T23:00",
      "2028-03-02T23:00",
      "2028-03-09T23:00",
    ]);
  });

  it("stay at the zone's time of day over both changes of its clocks", () => {
    const berlin = every(1, "Day", "2026-03-27T01:30:00Z", { timeZone: "Europe/Berlin" });
    // 02:30 does not exist on 29 March: it is 03:30 summer time, an hour later as the clocks are.
    expect(series(berlin, "2026-03-27T12:00:00Z", 3)).toEqual([
      "2026-03-28T01:30",
      "2026-03-29T01:30",
      "2026-03-30T00:30",
    ]);
    // 02:30 is there twice on 25 October: the first of them counts.
    expect(series(berlin, "2026-10-23T12:00:00Z", 3)).toEqual([
      "2026-10-24T00:30",
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
  });

  it("of hours pass evenly, whatever the zone's clocks do", () => {
    const berlin = every(6, "Hour", "2026-03-28T18:00:00Z", { timeZone: "Europe/Berlin" });
    expect(series(berlin, "2026-03-28T18:00:00Z", 3)).toEqual([
      "2026-03-29T00:00",
      "2026-03-29T06:00",
      "2026-03-29T12:00",
    ]);
  });

  it("outside the run window move to its opening, and several of them are one", () => {
    const night = every(2, "Hour", "2026-11-01T00:00:00Z", { runWindow: { from: "22:30", to: "04:00" } });
    expect(series(night, "2026-11-01T23:00:00Z", 5)).toEqual([
      "2026-11-02T00:00",
      "2026-11-02T02:00",
      "2026-11-02T22:30",
      "2026-11-03T00:00",
      "2026-11-03T02:00",
    ]);
  });

  it("agree with counting minute by minute through the zone's calendar", () => {
    const zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo"];
    const asked = fc.record({
      zone: fc.constantFrom(...zones),
      interval: fc.integer({ min: 1, max: 3 }),
      start: fc.date({
        min: new Date("2026-01-01T00:00:00Z"),
        max: new Date("2028-12-01T00:00:00Z"),
        noInvalidDate: true,
      }),
      days: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(
      fc.property(asked, ({ zone, interval, start, days }) => {
        const startMs = Math.floor(start.getTime() / 60_000) * 60_000;
        const from = startMs + days * 86_400_000;
        const times = every(interval, "Day", new Date(startMs).toISOString(), { timeZone: zone });
        expect(plannedAfter(times, new Date(from)).getTime()).toBe(oracle(startMs, { zone, interval, from }));
      }),
      { numRuns: 40 },
    );
  });
});

/** Walks through the minutes after `from` until the zone shows the start's time of day on a day that is due. */
const oracle = (
  startMs: number,
  { zone, interval, from }: { readonly zone: string; readonly interval: number; readonly from: number },
): number => {
  const dayMs = 86_400_000;
  const wanted = civilTime(startMs, zone);
  const isDue = (civil: number): boolean => civil >= wanted && (civil - wanted) % (interval * dayMs) === 0;
  const seen = new Set<number>();
  // What was shown before, so that a second showing does not count.
  for (let at = from - 4 * 3_600_000; at <= from; at += 60_000) seen.add(civilTime(at, zone));
  for (let at = from + 60_000; ; at += 60_000) {
    const civil = civilTime(at, zone);
    const before = civilTime(at - 60_000, zone);
    if (isDue(civil) && !seen.has(civil) && at > startMs) return at;
    seen.add(civil);
    // Clocks put forward: what they left out is later by as much.
    for (let left = before + 60_000; left < civil; left += 60_000)
      if (isDue(left)) return at + (left - before - 60_000);
  }
};

describe("the run that comes next", () => {
  const daily = every(1, "Day", "2026-11-01T02:00:00Z");
  const next = (lastRun: string | undefined, now: string): string =>
    nextRunOf(daily, lastRun === undefined ? undefined : new Date(lastRun), new Date(now)).toISOString();

  it("is the start when that is still to come", () => {
    expect(next(undefined, "2026-10-01T00:00:00Z")).toBe("2026-11-01T02:00:00.000Z");
  });

  it("is due at once when the start has passed and nothing ever ran", () => {
    expect(next(undefined, "2026-11-01T02:00:05Z")).toBe("2026-11-01T02:00:00.000Z");
  });

  it("is one, due now, after any number of missed ones", () => {
    expect(next("2026-11-03T02:00:10Z", "2026-11-20T12:00:00Z")).toBe("2026-11-20T02:00:00.000Z");
    expect(next("2026-11-20T12:00:00Z", "2026-11-20T12:00:30Z")).toBe("2026-11-21T02:00:00.000Z");
  });

  it("does not repeat what a clock that goes ahead has run", () => {
    expect(next("2026-11-20T02:03:00Z", "2026-11-20T02:01:00Z")).toBe("2026-11-21T02:00:00.000Z");
  });
});

describe("a run window", () => {
  const times = every(1, "Hour", "2026-11-01T00:00:00Z", {
    timeZone: "Europe/Berlin",
    runWindow: { from: "22:00", to: "06:00" },
  });
  const opens = (text: string): string | undefined => opensAt(times, new Date(text))?.toISOString();

  it("is open from its first minute to before its last, on the zone's clocks", () => {
    expect(opens("2026-11-10T21:00:00Z")).toBeUndefined();
    expect(opens("2026-11-10T04:59:59Z")).toBeUndefined();
    expect(opens("2026-11-10T05:00:00Z")).toBe("2026-11-10T21:00:00.000Z");
    expect(opens("2026-11-10T20:59:59Z")).toBe("2026-11-10T21:00:00.000Z");
  });

  it("that lies in the hour that clocks leave out opens on another day", () => {
    const short = { ...times, runWindow: { from: "02:00", to: "02:30" } };
    expect(opensAt(short, new Date("2026-03-29T01:00:00Z"))?.toISOString()).toBe("2026-03-30T00:00:00.000Z");
  });

  it("never has a planned time go back, and the time before is the one that came before", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 400 * 24 }),
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom("UTC", "Europe/Berlin", "America/New_York"),
        (hours, interval, timeZone) => {
          const schedule = { ...times, timeZone, frequencyInterval: interval };
          const now = new Date(Date.parse(schedule.startTime) + hours * 3_600_000 + 1_000);
          const later = plannedAfter(schedule, now);
          expect(later.getTime()).toBeGreaterThan(now.getTime());
          const before = plannedBefore(schedule, now);
          if (before !== undefined) expect(plannedAfter(schedule, before)).toEqual(later);
        },
      ),
      { numRuns: 100 },
    );
  });
});
