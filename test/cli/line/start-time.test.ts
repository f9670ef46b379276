import { describe, expect, it } from "vitest";
import { answerOf } from "../../../src/cli/service/answer.ts";
import type { Given } from "../../../src/cli/command.ts";
import { refuseContradiction, scheduleChanges } from "../../../src/cli/sites/schedule-changes.ts";
import { startTime } from "../../../src/cli/line/start-time.ts";
import { fakeContext, fakeTerminal } from "../terminal/fake-terminal.ts";

const noon = new Date("2026-11-21T12:00:00Z");
const start = (text: string, timeZone = "UTC", now = noon): string | undefined =>
  startTime(text, timeZone, now)?.toISOString();

describe("when a schedule starts", () => {
  it.each([
    ["02:00", "UTC", "2026-11-22T02:00:00.000Z"],
    ["12:00", "UTC", "2026-11-22T12:00:00.000Z"],
    ["12:01", "UTC", "2026-11-21T12:01:00.000Z"],
    ["02:00", "Europe/Berlin", "2026-11-22T01:00:00.000Z"],
    ["13:30", "Europe/Berlin", "2026-11-21T12:30:00.000Z"],
    ["02:00", "Pacific/Auckland", "2026-11-21T13:00:00.000Z"],
  ])("is the next %s on the clocks of %s", (text, timeZone, expected) => {
    expect(start(text, timeZone)).toBe(expected);
  });

  it("is the same time of day when the clocks change in between", () => {
    expect(start("03:30", "Europe/Berlin", new Date("2026-10-24T12:00:00Z"))).toBe("2026-10-25T02:30:00.000Z");
  });

  it("is the next night's where the clocks leave it out, for it would stay at another time of day for good", () => {
    const evening = new Date("2026-03-28T20:00:00Z");
    expect(start("02:30", "Europe/Berlin", evening)).toBe("2026-03-30T00:30:00.000Z");
    expect(start("03:00", "Europe/Berlin", evening)).toBe("2026-03-29T01:00:00.000Z");
    expect(start("2026-03-29T02:30", "Europe/Berlin")).toBeUndefined();
    expect(start("2026-04-24", "Africa/Cairo")).toBeUndefined();
    expect(start("2026-03-29T02:30Z", "Europe/Berlin")).toBe("2026-03-29T02:30:00.000Z");
  });

  it.each([
    ["2026-12-01T02:00", "2026-12-01T01:00:00.000Z"],
    ["2026-12-01 02:00:30", "2026-12-01T01:00:30.000Z"],
    ["2026-12-01", "2026-11-30T23:00:00.000Z"],
    ["2026-07-01T02:00", "2026-07-01T00:00:00.000Z"],
    ["2026-12-01T02:00Z", "2026-12-01T02:00:00.000Z"],
    ["2026-12-01T02:00:00.000z", "2026-12-01T02:00:00.000Z"],
    ["2026-12-01T02:00+05:30", "2026-11-30T20:30:00.000Z"],
  ])("is %s on the zone's clocks, unless it says a zone itself", (text, expected) => {
    expect(start(text, "Europe/Berlin")).toBe(expected);
  });

  it.each(["tonight 2", "at 2", "2", "24:00", "2:00", "2026-02-31", "2026-12-01T24:00", "2026-12-01T02:00+99:00", ""])(
    "is not guessed from %j",
    (text) => {
      expect(start(text)).toBeUndefined();
    },
  );
});

describe("a schedule's start", () => {
  const site = { label: "shop", path: "/shop", state: undefined };
  const given = (texts: Readonly<Record<string, string>>): Given => ({
    text: (name) => texts[name],
    need: () => "",
    texts: () => [],
    flag: () => false,
  });
  const kept = { startTime: "2026-01-01T02:00:00Z", timeZone: "Europe/Berlin" };
  const changed = async (texts: Readonly<Record<string, string>>, schedule?: object) => {
    const { context } = fakeContext(fakeTerminal());
    const before = schedule && answerOf({ properties: { backupSchedule: schedule } }, "the schedule");
    return scheduleChanges(context, given(texts), { site, before });
  };

  it("goes by the zone that is set with it, else by that of the schedule", async () => {
    expect(await changed({ start: "02:00" }, kept)).toMatchObject({
      backupSchedule: { startTime: "2026-11-22T01:00:00.000Z" },
    });
    expect(await changed({ start: "02:00", timeZone: "UTC" }, kept)).toMatchObject({
      backupSchedule: { startTime: "2026-11-22T02:00:00.000Z" },
    });
  });

  it("is refused with what is wrong", async () => {
    await expect(changed({ start: "tonight 2" }, kept)).rejects.toThrow(/--start: "tonight 2" is not a time such as/);
    await expect(changed({ start: "2026-03-29T02:30" }, kept)).rejects.toThrow(
      '--start: "2026-03-29T02:30" is not a time such as 02:00 or 2026-12-01T02:00 that the clocks of Europe/Berlin show.',
    );
    await expect(changed({ start: "02:00", timeZone: "Berlin" }, kept)).rejects.toThrow(/--time-zone: "Berlin"/);
  });
});

describe("what a schedule is to be", () => {
  const given = (typed: Readonly<Record<string, string | true>>): Given => ({
    text: (name) => (typeof typed[name] === "string" ? typed[name] : undefined),
    need: () => "",
    texts: (name) => (name === "database" && name in typed ? [String(typed[name])] : []),
    flag: (name) => typed[name] === true,
  });
  const refused = (typed: Readonly<Record<string, string | true>>) => {
    try {
      refuseContradiction(given(typed));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  };

  it.each([
    [{ on: true, off: true }, "Either --off or --on, not both."],
    [{ remove: true, off: true }, "Either --remove or --off, not both."],
    [{ remove: true, every: "1d" }, "Either --remove or --every, not both."],
    [{ remove: true, keepDaily: "3" }, "Either --remove or --keep-daily, not both."],
    [{ remove: true, database: "main" }, "Either --remove or --database, not both."],
  ] as const)("is refused where it contradicts itself: %j", (typed, message) => {
    expect(refused(typed)).toBe(message);
  });

  it.each([{}, { remove: true }, { off: true, every: "1d" }, { on: true, keep: "30d" }, { every: "1d" }] as const)(
    "is taken where it does not: %j",
    (typed) => {
      expect(refused(typed)).toBeUndefined();
    },
  );

  it("names the one count that is wrong", async () => {
    const { context } = fakeContext(fakeTerminal());
    const wish = { site: { label: "shop", path: "/shop", state: undefined }, before: undefined };
    const typed = given({ every: "1d", keepDaily: "3", keepMonthly: "12000" });
    await expect(scheduleChanges(context, typed, wish)).rejects.toThrow(
      '--keep-monthly: "12000" is not a whole number up to 9999.',
    );
  });
});
