import { describe, expect, it } from "vitest";
import { failedLogins, mostFailures } from "../../../src/api/callers/failed-logins.ts";

const at = (ms: number): Date => new Date(Date.parse("2026-11-21T12:00:00Z") + ms);

const failing = (source: string, times: number, logins = failedLogins()) => {
  for (let time = 0; time < times; time++) logins.note(source, at(0));
  return logins;
};

describe("failed logins", () => {
  it("are ten before a source has to wait, and then for the rest of a minute", () => {
    const logins = failing("192.0.2.1", mostFailures - 1);
    expect(logins.secondsLeft("192.0.2.1", at(0))).toBe(0);
    logins.note("192.0.2.1", at(20_500));
    expect(logins.secondsLeft("192.0.2.1", at(20_500))).toBe(40);
    expect(logins.secondsLeft("192.0.2.1", at(59_999))).toBe(1);
    expect(logins.secondsLeft("192.0.2.1", at(60_000))).toBe(0);
  });

  it("of one source are not those of another", () => {
    expect(failing("192.0.2.1", 50).secondsLeft("192.0.2.2", at(0))).toBe(0);
  });

  it("are forgotten after a minute, so that ten slow ones are none too many", () => {
    const logins = failing("192.0.2.1", mostFailures - 1);
    logins.note("192.0.2.1", at(61_000));
    expect(logins.secondsLeft("192.0.2.1", at(61_000))).toBe(0);
  });

  it("do not lock anybody out for long when the clock is set back", () => {
    expect(failing("192.0.2.1", 50).secondsLeft("192.0.2.1", at(-3_600_000))).toBe(0);
  });

  it.each([
    ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", 60],
    ["2001:db8:1:2::1", "2001:0db8:0001:0002:0:0:0:9", 60],
    ["2001:db8::1", "2001:db8:0:0:1::", 60],
    ["::1", "0:0:0:0:0:0:0:2", 60],
    ["2001:db8:1:2::1", "2001:db8:1:3::1", 0],
  ])("of %s count for %s, of the same IPv6 network or not: %i s", (source, other, seconds) => {
    expect(failing(source, 10).secondsLeft(other, at(0))).toBe(seconds);
  });

  it("of very many sources are forgotten, the oldest first: memory is bounded", () => {
    const logins = failing("first", mostFailures);
    for (let source = 0; source < 9_999; source++) logins.note(`source ${source}`, at(1));
    expect(logins.secondsLeft("first", at(2))).toBe(60);
    for (let time = 0; time < mostFailures; time++) logins.note("one more", at(2));
    expect(logins.secondsLeft("first", at(2))).toBe(0);
    expect(logins.secondsLeft("one more", at(2))).toBe(60);
  });
});
