import { describe, expect, it } from "vitest";
import { progressLine, progressView, type ProgressNews } from "../../../src/cli/terminal/progress-view.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const news = (change: Partial<ProgressNews> = {}): ProgressNews => ({
  phase: "Packing",
  percent: 61,
  bytes: 228_750_000,
  totalBytes: 375_000_000,
  secondsLeft: 3,
  ...change,
});

describe("a line of progress", () => {
  it.each([
    [news(), 45_200_000, "packing   61%  228.8 MB of 375.0 MB  45.2 MB/s  3 s left"],
    [news({ secondsLeft: 3_725 }), undefined, "packing   61%  228.8 MB of 375.0 MB  1 h 02 min left"],
    [news({ phase: "ReadingBack", totalBytes: 0, bytes: 0, secondsLeft: null }), 0, "reading back"],
    [
      news({ phase: "Looking for changes", totalBytes: 0, secondsLeft: null }),
      undefined,
      "looking for changes  228.8 MB",
    ],
    [news({ phase: null }), 10, "waiting to begin"],
  ])("says phase, percent, amount, rate and estimate, as far as they are known: %#", (told, rate, line) => {
    expect(progressLine(told, rate)).toBe(line);
  });
});

describe("the view of progress", () => {
  const view = (isTerminal: boolean, quiet = false) => {
    const terminal = fakeTerminal({ isTerminal, columns: 30 });
    const clock = { time: 0 };
    const shown = progressView(terminal, { now: () => new Date(clock.time), quiet, title: "Backing up" });
    return { terminal, clock, shown };
  };

  it("draws one line again and again, no wider than the window, and takes it away", () => {
    const { terminal, shown } = view(true);
    shown.show(news());
    terminal.resizeTo(12);
    shown.say("Something happened.");
    shown.close();
    const drawn = terminal.written.err.split("\r\u001b[K");
    expect(drawn).toEqual(["", "Backing up: packing   61%  22", "Backing up:", "Something happened.\n"]);
  });

  it("draws ten times a second at most, and a new phase at once", () => {
    const { terminal, clock, shown } = view(true);
    for (let millisecond = 0; millisecond < 1_000; millisecond++) {
      clock.time = millisecond;
      shown.show(news({ bytes: millisecond }));
    }
    expect(terminal.written.err.split("\r\u001b[K")).toHaveLength(11);
    shown.show(news({ phase: "Sealing" }));
    expect(terminal.written.err).toContain("sealing");
  });

  it("repeats no plain line while nothing changes, but for a sign of life every minute", () => {
    const { terminal, clock, shown } = view(false);
    for (let second = 0; second <= 150; second++) {
      clock.time = second * 1_000;
      shown.show(news({ secondsLeft: second }));
    }
    shown.close();
    expect(terminal.written.err.trimEnd().split("\n")).toHaveLength(3);
  });

  it("tells of something that waits for its turn after a minute", () => {
    const { terminal, clock, shown } = view(false);
    for (const second of [0, 59, 60, 61, 119]) {
      clock.time = second * 1_000;
      shown.show(news({ phase: null }));
    }
    expect(terminal.written.err).toBe("Backing up: waiting to begin\n");
  });

  it("writes ever fewer plain lines the longer it takes, one a minute at last", () => {
    const { terminal, clock, shown } = view(false);
    const lines = (): number => terminal.written.err.split("\n").length - 1;
    for (let second = 0; second < 3_600; second++) {
      clock.time = second * 1_000;
      shown.show(news({ bytes: second }));
      if (second === 60) expect(lines()).toBeGreaterThanOrEqual(11);
    }
    expect(lines()).toBeLessThan(100);
  });

  it("writes a plain line at each new phase, and every five seconds, where there is no terminal", () => {
    const { terminal, clock, shown } = view(false);
    shown.show(news({ phase: null }));
    for (let second = 0; second < 12; second++) {
      clock.time = second * 1_000;
      shown.show(news({ bytes: 100_000_000 + second * 10_000_000, percent: second }));
    }
    shown.show(news({ phase: "Sealing" }));
    shown.close();
    expect(terminal.written.err.split("\n")).toEqual([
      "Backing up: packing    0%  100.0 MB of 375.0 MB  3 s left",
      "Backing up: packing    5%  150.0 MB of 375.0 MB  10.0 MB/s  3 s left",
      "Backing up: packing   10%  200.0 MB of 375.0 MB  10.0 MB/s  3 s left",
      "Backing up: sealing   61%  228.8 MB of 375.0 MB  3 s left",
      "",
    ]);
  });

  it("writes no plain line again while nothing moves, whatever the rate does", () => {
    const { terminal, clock, shown } = view(false);
    for (let second = 0; second < 60; second++) {
      clock.time = second * 1_000;
      shown.show(news({ bytes: second < 3 ? second * 1_000 : 3_000, percent: 1 }));
    }
    shown.close();
    expect(terminal.written.err.split("\n")).toEqual([
      "Backing up: packing    1%  0 B of 375.0 MB  3 s left",
      "Backing up: packing    1%  3.0 KB of 375.0 MB  600 B/s  3 s left",
      "",
    ]);
  });

  it("shows nothing when asked to be quiet, but says what happens", () => {
    const { terminal, shown } = view(true, true);
    shown.show(news());
    shown.say("Something happened.");
    shown.close();
    expect(terminal.written.err).toBe("Something happened.\n");
  });
});
