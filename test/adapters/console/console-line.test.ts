import { describe, expect, it } from "vitest";
import { consoleLine } from "../../../src/adapters/console/console-line.ts";

const now = new Date("2026-11-21T12:00:01.500Z");
const own = "Function.planArchive.User";

describe("a line on the console", () => {
  it("tells an event of the app with its fields, without what only machines need", () => {
    const message = 'backup planned {"step":"planArchive","site":"shop","backup":7,"log":"two words"}';
    expect(consoleLine(now, "information", own, message)).toBe(
      '12:00:01 backup planned  site=shop backup=7 log="two words"',
    );
  });

  it("keeps everything of a warning", () => {
    expect(consoleLine(now, "warning", own, 'step threw {"step":"seal","error":"no"}')).toBe(
      "12:00:01 step threw  step=seal error=no",
    );
  });

  it("shows of an error what it says, and not where in the program", () => {
    expect(
      consoleLine(now, "error", own, String.raw`step threw {"error":"Error: no room\n    at pack (main.js:1:2)"}`),
    ).toBe('12:00:01 step threw  error="Error: no room"');
  });

  it("tells the host's troubles with their place, and not its chatter", () => {
    expect(consoleLine(now, "error", "Host.Timers", "clock is off")).toBe("Host.Timers: clock is off");
    const withStack = "Timer tick failed: Error: no room\n    at pack (main.js:1:2)";
    expect(consoleLine(now, "error", "Host.Timers", withStack)).toBe("Host.Timers: Timer tick failed: Error: no room");
    expect(consoleLine(now, "information", "Host.Startup", "loaded")).toBeUndefined();
    expect(consoleLine(now, "debug", own, "detail {}")).toBeUndefined();
    const late = "Warning: Unexpected call to 'log' on the context object after function execution has completed.";
    expect(consoleLine(now, "warning", "Function.zApi.System", late)).toBeUndefined();
    expect(consoleLine(now, "warning", "Function.zApi.System", "trouble")).toBe("Function.zApi.System: trouble");
  });

  it("shows a message without fields as it is", () => {
    expect(consoleLine(now, "information", own, "plain words")).toBe("12:00:01 plain words");
  });
});
