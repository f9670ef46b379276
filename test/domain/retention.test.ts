import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BackupStatus, backupStatuses, isRestorable, type Backup } from "../../src/domain/backup.ts";
import { retention, type RetentionPolicy } from "../../src/domain/retention.ts";
import { limitOf, nextFreeTime } from "../../src/domain/quota.ts";
import { shop } from "../support/installation.ts";

const now = new Date("2026-11-21T12:00:00Z");
const dayMs = 86_400_000;

const made = (id: number, daysAgo: number, rest: Partial<Backup> = {}): Backup => ({
  site: shop,
  id,
  name: `b${id}`,
  blobBase: `b${id}`,
  status: "Succeeded",
  scheduled: true,
  destination: "file:///backups",
  correlationId: "c",
  created: new Date(now.getTime() - daysAgo * dayMs).toISOString(),
  sizeBytes: 1,
  ...rest,
});

const policyOf = (rest: Partial<RetentionPolicy> = {}): RetentionPolicy => ({
  days: 10,
  keepAtLeastOne: true,
  ...rest,
});

const removed = (
  backups: readonly Backup[],
  policy: RetentionPolicy = policyOf(),
  inUse: readonly number[] = [],
): readonly number[] =>
  retention({ backups, policy, now, inUse: new Set(inUse) })
    .filter(({ keep }) => !keep)
    .map(({ backup }) => backup);

describe("retention", () => {
  it("removes what a schedule made and is older than the limit, and says why", () => {
    const decisions = retention({
      backups: [made(1, 10.01), made(2, 9.99), made(3, 1)],
      policy: policyOf(),
      now,
      inUse: new Set(),
    });
    expect(decisions.map(({ backup, keep, reason }) => [backup, keep, reason])).toEqual([
      [1, false, "It is older than 10 days."],
      [2, true, "It is not older than 10 days."],
      [3, true, "It is the newest backup that can be restored."],
    ]);
  });

  it("lets no backup of a site that had lost its files stand for one that holds them", () => {
    const backups = [made(1, 60), made(2, 50)];
    for (let night = 3; night < 40; night++)
      backups.push(made(night, 42 - night, { status: "PartiallySucceeded", served: "gone" }));
    expect(removed(backups)).toEqual([1, ...Array.from({ length: 29 }, (_, place) => place + 3)]);
    expect(removed(backups, policyOf({ keepAtLeastOne: false, keepDaily: 1 }))).not.toContain(2);
  });

  it("keeps a backup that was found damaged while all others are of a site that has lost its files", () => {
    const partial = { status: "PartiallySucceeded" } as const;
    const damaged = { ...partial, served: "present", damaged: "2026-11-20T00:00:00Z" } as const;
    const backups = [made(1, 50, damaged), made(2, 40, { ...partial, served: "gone" })];
    expect(removed(backups)).toEqual([]);
  });

  it("keeps the last good backup even when it is older than the limit", () => {
    const backups = [
      made(1, 50),
      made(2, 40),
      made(3, 30, { status: "PartiallySucceeded" }),
      made(4, 20, { status: "Failed" }),
    ];
    expect(removed(backups)).toEqual([1, 4]);
    expect(removed(backups, policyOf({ keepAtLeastOne: false }))).toEqual([1, 2, 3, 4]);
  });

  it("keeps the last good backup, and not one before it that was made while the clock was ahead", () => {
    const backups = [made(1, 60), made(2, -300), made(3, 40), made(4, 20, { status: "Failed" })];
    expect(removed(backups)).toEqual([1, 4]);
    expect(removed(backups, policyOf({ keepAtLeastOne: false, keepDaily: 1 }))).toEqual([1, 4]);
  });

  it("never counts a backup that was found damaged as the last good one", () => {
    const damaged = { damaged: "2026-11-20T00:00:00Z" };
    expect(removed([made(1, 50), made(2, 40), made(3, 30, damaged), made(4, 20, damaged)])).toEqual([1, 3]);
    expect(removed([made(1, 50, damaged), made(2, 40, damaged)])).toEqual([1]);
    const daily = policyOf({ keepAtLeastOne: false, keepDaily: 1 });
    expect(removed([made(1, 20.2), made(2, 20.1, damaged)], daily)).toEqual([]);
  });

  it("keeps the schedule's own last good backup beside a newer one made by hand", () => {
    expect(removed([made(1, 50), made(2, 40), made(3, 30, { scheduled: false })])).toEqual([1]);
  });

  it("takes 0 days for ever, but not for records of runs that left no archive", () => {
    const backups = [made(1, 5_000), made(2, 91, { status: "Skipped" }), made(3, 89, { status: "TimedOut" })];
    expect(removed(backups, policyOf({ days: 0, keepAtLeastOne: false }))).toEqual([2]);
  });

  it("removes what was made by hand only by its own expiry", () => {
    const backups = [
      made(1, 900, { scheduled: false }),
      made(2, 5, { scheduled: false, expires: "2026-11-21T12:00:00Z" }),
      made(3, 900, { scheduled: false, expires: "2026-11-21T12:00:01Z" }),
      made(4, 1),
    ];
    expect(removed(backups)).toEqual([2]);
  });

  it("leaves alone what a run reads or makes, and tries again what could not be deleted", () => {
    const backups = [
      made(1, 50),
      made(2, 50, { status: "InProgress" }),
      made(3, 50, { status: "Created" }),
      made(4, 50, { status: "DeleteInProgress" }),
      made(5, 1, { status: "DeleteFailed" }),
      made(6, 1),
    ];
    expect(removed(backups, policyOf(), [1])).toEqual([5]);
  });

  it("keeps the newest of each day, week and month beyond the limit, as the zone counts them", () => {
    const at = (id: number, created: string): Backup => made(id, 0, { created });
    const backups = [
      at(1, "2026-08-31T21:30:00Z"),
      at(2, "2026-08-31T22:30:00Z"), // 1 September in Berlin
      at(3, "2026-10-04T10:00:00Z"), // Sunday
      at(4, "2026-10-05T10:00:00Z"), // Monday
      at(5, "2026-10-05T11:00:00Z"),
      at(6, "2026-11-21T10:00:00Z"),
    ];
    const berlin = { keepAtLeastOne: false, timeZone: "Europe/Berlin" };
    expect(removed(backups, policyOf({ ...berlin, keepDaily: 2 }))).toEqual([1, 2, 3, 4]);
    expect(removed(backups, policyOf({ ...berlin, keepWeekly: 3 }))).toEqual([1, 2, 4]);
    expect(removed(backups, policyOf({ ...berlin, keepMonthly: 3 }))).toEqual([1, 3, 4]);
    expect(removed(backups, policyOf({ keepAtLeastOne: false, keepMonthly: 3 }))).toEqual([1, 3, 4]);
    expect(removed(backups, policyOf({ keepAtLeastOne: false, keepMonthly: 2 }))).toEqual([1, 2, 3, 4]);
  });

  const anyBackup = fc.record({
    daysAgo: fc.double({ min: 0, max: 60, noNaN: true }),
    status: fc.constantFrom(...backupStatuses),
    scheduled: fc.boolean(),
    expiresIn: fc.option(fc.integer({ min: -20, max: 20 })),
  });
  const anyPolicy = fc.record({
    days: fc.integer({ min: 0, max: 40 }),
    keepAtLeastOne: fc.boolean(),
    keepDaily: fc.integer({ min: 0, max: 5 }),
    keepWeekly: fc.integer({ min: 0, max: 5 }),
    keepMonthly: fc.integer({ min: 0, max: 5 }),
  });

  it("keeps, for any list and policy, what it promises to keep", () => {
    fc.assert(
      fc.property(fc.array(anyBackup, { maxLength: 40 }), anyPolicy, fc.nat(50), (given, policy, used) => {
        const backups = given.map(({ daysAgo, status, scheduled, expiresIn }, index) =>
          made(index + 1, daysAgo, {
            status,
            scheduled,
            ...(scheduled || expiresIn === null
              ? {}
              : { expires: new Date(now.getTime() + expiresIn * dayMs).toISOString() }),
          }),
        );
        const inUse = new Set([used]);
        const decisions = retention({ backups, policy, now, inUse });
        expect(decisions.map(({ backup }) => backup)).toEqual(backups.map(({ id }) => id));
        const gone = backups.filter((_, index) => decisions[index]?.keep === false);
        const stays = backups.filter((_, index) => decisions[index]?.keep === true);
        for (const backup of gone) {
          expect(inUse.has(backup.id)).toBe(false);
          expect(["Created", "InProgress", "DeleteInProgress", "Deleted"]).not.toContain(backup.status);
          if (backup.status === "DeleteFailed") continue;
          if (!backup.scheduled) expect(Date.parse(backup.expires ?? "")).toBeLessThanOrEqual(now.getTime());
          else if (isRestorable(backup.status)) expect(policy.days).toBeGreaterThan(0);
        }
        for (const isGood of [isRestorable, (status: BackupStatus) => status === "Succeeded"]) {
          const wasThere = backups.some(({ status }) => isGood(status));
          const isThere = stays.some(({ status }) => isGood(status));
          if (policy.keepAtLeastOne) expect(isThere).toBe(wasThere);
        }
        // Asked again at once, nothing more goes.
        const again = retention({ backups: stays, policy, now, inUse });
        expect(again.filter(({ keep }) => !keep)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a quota", () => {
  it("counts the backups of the UTC day, failed and deleted ones too, skipped ones not", () => {
    const today = [
      made(1, 0.4, { status: "Failed" }),
      made(2, 0.3, { status: "Deleted", scheduled: false }),
      made(3, 0.2, { status: "Skipped" }),
      made(4, 0.6),
    ];
    expect(nextFreeTime(today, 3, now)).toBeUndefined();
    expect(nextFreeTime(today, 2, now)?.toISOString()).toBe("2026-11-22T00:00:00.000Z");
    expect(nextFreeTime(today, 0, now)?.toISOString()).toBe("2026-11-22T00:00:00.000Z");
  });

  it("does not count what was made while the clock was ahead", () => {
    expect(nextFreeTime([made(1, -300), made(2, -301), made(3, 0.1)], 2, now)).toBeUndefined();
  });

  it("is that of the site's tier, or of all", () => {
    expect(limitOf(12, "Premium")).toBe(12);
    expect(limitOf({ standard: 12, premium: 50 }, "Premium")).toBe(50);
    expect(limitOf({ standard: 12 }, "Isolated")).toBeUndefined();
    expect(limitOf(undefined, "Standard")).toBeUndefined();
  });
});
