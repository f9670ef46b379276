import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EndedBackup } from "../../src/domain/alarm.ts";
import {
  newWatch,
  seeBackup,
  seeTime,
  standingOf,
  type Expectation,
  type SiteWatch,
} from "../../src/domain/site-watch.ts";
import type { Backup } from "../../src/domain/backup.ts";
import { shop } from "../support/installation.ts";
import { keptBackup } from "../support/kept-backup.ts";

const hour = 3_600_000;
const start = new Date("2026-11-21T00:00:00Z");
const at = (hours: number): Date => new Date(start.getTime() + hours * hour);
const ended = (id: number, status: EndedBackup["status"], hours: number): EndedBackup => ({
  id,
  name: `b${id}`,
  status,
  scheduled: true,
  finished: at(hours).toISOString(),
  seconds: 10,
  bytes: 1_000,
});
const nightly: Expectation = { intervalMs: 24 * hour, startTime: start.toISOString(), missedIntervals: 2 };

/** A verify of all of it found this. */
interface Verified {
  readonly backup: number;
  readonly damaged: boolean;
}
type Happening = EndedBackup | Verified | Date;

/** Lets everything happen in turn, and tells the kinds of alarms it brought. A date is when somebody looks. */
const through = (watch: SiteWatch, happenings: readonly Happening[], expected?: Expectation) => {
  const kinds: string[] = [];
  const titles: string[] = [];
  const rows = new Map<number, Backup>();
  for (const happening of happenings) {
    if ("damaged" in happening) {
      const { damaged: _, ...row } = rows.get(happening.backup) ?? keptBackup();
      rows.set(row.id, { ...row, ...(happening.damaged ? { damaged: at(2).toISOString() } : {}) });
      continue;
    }
    const seen =
      happening instanceof Date
        ? seeTime(watch, { expected, standing: standingOf([...rows.values()]) }, happening)
        : seeBackup(watch, happening);
    if (!(happening instanceof Date)) {
      const { id, name, status, finished } = happening;
      rows.set(id, keptBackup({ id, name, status, finished }));
    }
    watch = seen.watch;
    kinds.push(...seen.alarms.map(({ kind }) => kind));
    titles.push(...seen.alarms.map(({ title }) => title));
  }
  return { watch, kinds, titles };
};

describe("what is remembered of a site's backups", () => {
  it("is not silenced by a clock that was ahead when a backup ended", () => {
    const { watch, kinds } = through(
      newWatch(shop, start),
      [at(0), ended(1, "Succeeded", 24 * 365), ended(2, "Failed", 2), ended(3, "Succeeded", 3), at(3 + 49)],
      nightly,
    );
    expect(kinds).toEqual(["succeeded", "failed", "succeeded", "recovered", "missing"]);
    expect(watch.newestGood).toBe(at(3).toISOString());
  });

  it("tells of each night's failure also after a night of which a clock that was ahead has told", () => {
    const { kinds } = through(newWatch(shop, start), [
      ended(1, "Failed", 24 * 365),
      ended(2, "Failed", 24),
      ended(3, "Failed", 48),
    ]);
    expect(kinds).toEqual(["failed", "failed", "failed"]);
  });

  it("raises one alarm for a failure and one for the return to normal", () => {
    const { watch, kinds } = through(newWatch(shop, start), [
      ended(1, "Succeeded", 1),
      ended(2, "Failed", 2),
      ended(3, "Failed", 3),
      ended(4, "Succeeded", 4),
      at(4),
    ]);
    expect(kinds).toEqual(["succeeded", "failed", "succeeded", "recovered"]);
    expect(watch).toMatchObject({ condition: "good", newestGood: at(4).toISOString() });
  });

  it("tells of each night's failure", () => {
    const { kinds } = through(newWatch(shop, start), [
      ended(1, "Failed", 0),
      ended(2, "TimedOut", 23.5),
      ended(3, "Failed", 47),
    ]);
    expect(kinds).toEqual(["failed", "failed", "failed"]);
  });

  it("tells of files left out, and when they are left out no more", () => {
    const { kinds } = through(newWatch(shop, start), [
      ended(1, "PartiallySucceeded", 0),
      ended(2, "PartiallySucceeded", 1),
      ended(3, "Succeeded", 2),
    ]);
    expect(kinds).toEqual(["partial", "succeeded", "recovered"]);
  });

  it("tells of a backup of a site that had lost its files by that", () => {
    const backup = { ...ended(1, "PartiallySucceeded", 0), emptied: true };
    const [alarm] = seeBackup(newWatch(shop, new Date(backup.finished)), backup).alarms;
    expect(alarm).toMatchObject({
      kind: "partial",
      title: expect.stringMatching(/^shop: backup 1 .* found nothing in site\/wwwroot any more$/),
    });
  });

  it("does not take a skipped run for good or bad", () => {
    const { watch, kinds } = through(newWatch(shop, start), [ended(1, "Succeeded", 0), ended(2, "Skipped", 1)]);
    expect(kinds).toEqual(["succeeded"]);
    expect(watch).toMatchObject({ condition: "good", last: { id: 1 }, ended: { Succeeded: 1, Skipped: 1 } });
  });

  it("is not misled by news that comes late: the newest backup decides", () => {
    const { watch, kinds } = through(newWatch(shop, start), [ended(2, "Succeeded", 2), ended(1, "Failed", 1)]);
    expect(kinds).toEqual(["succeeded"]);
    expect(watch.condition).toBe("good");
  });
});

describe("a backup that does not come", () => {
  it("is missed after the intervals that may pass, and again while it lasts", () => {
    const first = through(newWatch(shop, start), [at(0), ended(1, "Succeeded", 1), at(2)], nightly);
    expect(first.watch.due).toBe(at(49).toISOString());
    const { kinds, watch } = through(first.watch, [at(48.9), at(49), at(50), at(69), at(70)], nightly);
    expect(kinds).toEqual(["missing", "missing"]);
    expect(watch.condition).toBe("missing");
  });

  it("is missed where there never was one, from the time its schedule is known", () => {
    const { kinds } = through(newWatch(shop, start), [at(0), at(47), at(48)], nightly);
    expect(kinds).toEqual(["missing"]);
  });

  it("is not missed before the schedule starts", () => {
    const later = { ...nightly, startTime: at(1_000).toISOString() };
    expect(through(newWatch(shop, start), [at(0), at(500), at(1_047)], later).kinds).toEqual([]);
  });

  it("stays missing while backups fail, and is over with the first restorable one", () => {
    const { kinds, watch } = through(
      newWatch(shop, start),
      [at(0), ended(1, "Succeeded", 0), at(48), ended(2, "Failed", 49), ended(3, "PartiallySucceeded", 50), at(51)],
      nightly,
    );
    expect(kinds).toEqual(["succeeded", "missing", "partial"]);
    expect(watch.due).toBe(at(98).toISOString());
  });

  it("is forgotten when the schedule goes", () => {
    const { watch } = through(newWatch(shop, start), [at(0), at(48)], nightly);
    const after = seeTime(watch, { expected: undefined, standing: {} }, at(49)).watch;
    expect(after).toMatchObject({ condition: "unknown" });
    expect(after.due).toBeUndefined();
  });
});

describe("a backup that was good and is found damaged", () => {
  const backedUp = [at(0), ended(1, "Succeeded", 0), at(1)];
  const damagedAlone = [...backedUp, { backup: 1, damaged: true }, at(3)];

  it.each([
    ["on a schedule", nightly],
    ["without a schedule", undefined],
  ])("is told at once where there is no other, and again while it lasts: %s", (_, schedule) => {
    const { watch, kinds, titles } = through(newWatch(shop, start), [...damagedAlone, at(4), at(22), at(23)], schedule);
    expect(kinds).toEqual(["succeeded", "missing", "missing"]);
    expect(titles.at(-1)).toBe("shop: no good backup: 1 (b1) was found damaged");
    expect(watch).toMatchObject({ condition: "missing", due: at(43).toISOString() });
    expect(watch.newestGood).toBeUndefined();
  });

  it("leaves the one before it, whose time is what counts", () => {
    const { watch, kinds, titles } = through(
      newWatch(shop, start),
      [...backedUp, ended(2, "Succeeded", 24), at(24), { backup: 2, damaged: true }, at(25), at(48)],
      nightly,
    );
    expect(kinds).toEqual(["succeeded", "succeeded", "missing"]);
    expect(titles.at(-1)).toBe(`shop: no good backup since ${at(0).toISOString()}`);
    expect(watch.newestGood).toBe(at(0).toISOString());
  });

  it("is worse than one that is missing: it is told although that was told lately", () => {
    const { kinds } = through(
      newWatch(shop, start),
      [...backedUp, at(48), { backup: 1, damaged: true }, at(49), at(50)],
      nightly,
    );
    expect(kinds).toEqual(["succeeded", "missing", "missing"]);
  });

  it("is over with the next good one", () => {
    const { watch, kinds } = through(
      newWatch(shop, start),
      [...damagedAlone, ended(2, "Succeeded", 4), at(4)],
      nightly,
    );
    expect(kinds).toEqual(["succeeded", "missing", "succeeded", "recovered"]);
    expect(watch).toMatchObject({ condition: "good", newestGood: at(4).toISOString(), due: at(52).toISOString() });
    expect(watch.damaged).toBeUndefined();
  });

  it.each([
    ["on a schedule", nightly],
    ["without a schedule", undefined],
  ])("is over when all of it is found whole again: %s", (_, schedule) => {
    const { watch, kinds } = through(
      newWatch(shop, start),
      [...damagedAlone, { backup: 1, damaged: false }, at(4), at(5)],
      schedule,
    );
    expect(kinds).toEqual(["succeeded", "missing", "recovered"]);
    expect(watch).toMatchObject({ condition: "good", newestGood: at(0).toISOString() });
  });

  it("makes no backup good that failed after it when it is whole again", () => {
    const { watch, kinds } = through(newWatch(shop, start), [
      ...damagedAlone,
      ended(2, "Failed", 4),
      { backup: 1, damaged: false },
      at(5),
    ]);
    expect(kinds).toEqual(["succeeded", "missing"]);
    expect(watch).toMatchObject({ condition: "failed", newestGood: at(0).toISOString() });
  });
});

describe("any course of events", () => {
  const happening = fc.record({
    status: fc.constantFrom("Succeeded", "PartiallySucceeded", "Failed", "TimedOut", "Skipped" as const),
    gap: fc.integer({ min: 0, max: 40 }),
  });

  it("counts each backup once however often it is told, and ends each trouble with a return to normal", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40 }), (course) => {
        let hours = 0;
        const backups = course.map(({ status, gap }, index) => ended(index + 1, status, (hours += gap)));
        const once = through(newWatch(shop, start), backups);
        const twice = through(newWatch(shop, start), [...backups, ...backups]);
        expect(twice).toEqual(once);
        expect(Object.values(once.watch.ended).reduce((sum, count) => sum + count, 0)).toBe(backups.length);
        const lastDecided = backups.findLast(({ status }) => status !== "Skipped")?.status;
        expect(once.watch.condition === "good").toBe(lastDecided === "Succeeded");
        let isBad = false;
        for (const kind of once.kinds) {
          if (kind === "recovered") expect(isBad).toBe(true);
          if (kind !== "succeeded") isBad = kind !== "recovered";
        }
      }),
    );
  });
});
