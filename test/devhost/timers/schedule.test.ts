import { describe, expect, it } from "vitest";
import { isSubMinute, parseSchedule } from "../../../src/devhost/timers/schedule.ts";
import { parseTimeSpan } from "../../../src/devhost/time-span.ts";

const from = Date.parse("2026-11-21T15:20:30Z"); // A Saturday.

const turns = (text: string, count: number): readonly string[] => {
  const schedule = parseSchedule(text);
  const found: string[] = [];
  for (let time = from; schedule && found.length < count;) {
    time = schedule.next(time);
    found.push(new Date(time).toISOString().replace(".000Z", ""));
  }
  return found;
};

describe("a schedule", () => {
  it.each([
    ["* * * * * *", ["2026-11-21T15:20:31", "2026-11-21T15:20:32"]],
    ["0 */5 * * * *", ["2026-11-21T15:25:00", "2026-11-21T15:30:00"]],
    ["*/5 * * * *", ["2026-11-21T15:25:00", "2026-11-21T15:30:00"]],
    ["30 20 15 * * *", ["2026-11-22T15:20:30", "2026-11-23T15:20:30"]],
    ["0 0 2 * * MON-FRI", ["2026-11-23T02:00:00", "2026-11-24T02:00:00"]],
    ["0 0 2 * * monday", ["2026-11-23T02:00:00", "2026-11-30T02:00:00"]],
    ["0 0 2 * * 0", ["2026-11-22T02:00:00", "2026-11-29T02:00:00"]],
    ["0 0 0 1 Jan,jul *", ["2027-01-01T00:00:00", "2027-07-01T00:00:00"]],
    ["0 0 9-17/4 * * *", ["2026-11-21T17:00:00", "2026-11-22T09:00:00", "2026-11-22T13:00:00"]],
    ["0 10/20 * * * *", ["2026-11-21T15:30:00", "2026-11-21T15:50:00", "2026-11-21T16:10:00"]],
    ["0 0 0 29 2 *", ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]],
    ["0 0 0 */100 * *", ["2026-12-01T00:00:00", "2027-01-01T00:00:00"]],
  ])("%s comes next at %j", (text, expected) => {
    expect(turns(text, expected.length)).toEqual(expected);
  });

  it("of a day and a weekday means both, as the host's does", () => {
    expect(turns("0 0 0 13 * 5", 2)).toEqual(["2027-08-13T00:00:00", "2028-10-13T00:00:00"]);
  });

  it("of a time span counts from the time given", () => {
    expect(turns("00:00:45", 2)).toEqual(["2026-11-21T15:21:15", "2026-11-21T15:22:00"]);
    expect(turns("1.00:00:00", 1)).toEqual(["2026-11-22T15:20:30"]);
  });

  it.each([
    "",
    "* * * *",
    "* * * * * * *",
    "61 * * * * *",
    "* * 24 * * *",
    "* * * 0 * *",
    "* * * * 13 *",
    "* * * * * 7",
    "* * * L * *",
    "* * * * * 5#2",
    "* * * 15W * *",
    "5-1 * * * * *",
    "*/0 * * * * *",
    "*/x * * * * *",
    "? * * * * *",
    "00:00:00",
    "25:00",
  ])("%j is none", (text) => {
    expect(parseSchedule(text)).toBeUndefined();
  });

  it.each([
    ["*/30 * * * * *", true],
    ["* * * * * *", true],
    ["0 * * * * *", false],
    ["0 */5 * * * *", false],
    ["00:00:59", true],
    ["00:01:00", false],
  ])("%s is one of less than a minute: %s", (text, expected) => {
    const schedule = parseSchedule(text);
    expect(schedule && isSubMinute(schedule, from + 1)).toBe(expected);
  });
});

describe("a time span", () => {
  it.each([
    ["00:10:00", 600_000],
    ["1.02:03:04.5", 93_784_500],
    ["10:30", 37_800_000],
    ["2", 172_800_000],
    [" 00:00:01 ", 1_000],
  ])("%s is so many milliseconds: %i", (text, expected) => {
    expect(parseTimeSpan(text)).toBe(expected);
  });

  it.each(["", "10 minutes", "24:00", "00:60", "00:00:60", "-00:01", "00:00:01.12345678"])("%j is none", (text) => {
    expect(parseTimeSpan(text)).toBeUndefined();
  });
});
