import { describe, expect, it } from "vitest";
import type { TimerStatus, TimerStatusStore } from "../../../src/devhost/durable/types.ts";
import type { TimerRun } from "../../../src/devhost/timers/run-timer.ts";
import { parseSchedule } from "../../../src/devhost/timers/schedule.ts";
import type { TimerFunction } from "../../../src/devhost/timers/timer-function.ts";
import { Timer } from "../../../src/devhost/timers/timer.ts";
import { ManualClock } from "../durable/manual-clock.ts";

const minuteMs = 60_000;

class StatusInMemory implements TimerStatusStore {
  saved: TimerStatus | undefined;
  timerStatus(): TimerStatus | undefined {
    return this.saved;
  }
  saveTimerStatus(_name: string, status: TimerStatus): void {
    this.saved = status;
  }
}

type Given = {
  readonly schedule?: string;
  readonly now: string;
  readonly saved?: TimerStatus;
} & Partial<TimerFunction>;

/** A timer whose runs are collected; each lasts until `finish`. */
const timerAt = ({
  schedule = "0 */5 * * * *",
  now,
  saved,
  ...more
}: Omit<Given, "schedule"> & { schedule?: string }) => {
  const clock = new ManualClock(now);
  const store = new StatusInMemory();
  store.saved = saved;
  const runs: TimerRun[] = [];
  const log: string[] = [];
  const endings: (() => void)[] = [];
  const parsed = parseSchedule(schedule);
  if (!parsed) throw new Error(`${schedule} is no schedule.`);
  const called: TimerFunction["called"] = { metadata: { name: "tick", bindings: {} }, callback: () => undefined };
  const names = { called, name: "tick", triggerName: "timer", clientInputs: [] };
  const flags = { runOnStartup: false, useMonitor: true, retry: undefined };
  const timer = new Timer(
    { ...names, ...flags, schedule: parsed, ...more },
    {
      clock,
      store,
      log: (_level, _category, message) => log.push(message),
      run: (_timer, run) => {
        runs.push(run);
        return new Promise((resolve) => endings.push(resolve));
      },
    },
  );
  const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  return {
    timer,
    store,
    log,
    times: () => runs.length,
    run: (index: number) => runs.at(index),
    /** Time passes, in steps that the host wakes for. */
    pass: async (milliseconds: number): Promise<void> => {
      for (let left = milliseconds; left > 0; left -= minuteMs) {
        clock.advance(Math.min(left, minuteMs));
        await settle();
      }
    },
    /** Somebody sets the clock. */
    set: (milliseconds: number): void => clock.set(milliseconds),
    /** The machine sleeps, then goes on. */
    sleep: async (milliseconds: number): Promise<void> => {
      clock.advance(milliseconds);
      await settle();
    },
    finish: async (): Promise<void> => {
      endings.shift()?.();
      await settle();
    },
  };
};

const status = (last: string, next: string): TimerStatus => ({ last, next, lastUpdated: last });
const never = "0001-01-01T00:00:00+00:00";

describe("a timer", () => {
  it("runs at its turn and not before, and keeps its place", async () => {
    const { timer, times, pass, run, finish, store } = timerAt({ now: "2026-11-21T15:21:00Z" });
    timer.start();
    await pass(4 * minuteMs - 1);
    expect(times()).toBe(0);
    await pass(1);
    expect(times()).toBe(1);
    expect(run(0)).toMatchObject({ isPastDue: false, place: { last: undefined } });
    await finish();
    expect(store.saved).toMatchObject({ last: "2026-11-21T15:25:00+00:00", next: "2026-11-21T15:30:00+00:00" });
    await pass(5 * minuteMs);
    expect(times()).toBe(2);
  });

  it("that takes longer than its interval does not overlap, and is caught up once", async () => {
    const { timer, times, pass, finish } = timerAt({ now: "2026-11-21T15:24:00Z" });
    timer.start();
    await pass(14 * minuteMs);
    expect(times()).toBe(1);
    await finish();
    expect(times()).toBe(2);
    await finish();
    expect(times()).toBe(2);
    await pass(2 * minuteMs);
    expect(times()).toBe(3);
  });

  it("on a machine that slept runs once when it wakes", async () => {
    const { timer, times, sleep, finish, pass } = timerAt({ now: "2026-11-21T15:24:00Z" });
    timer.start();
    await sleep(60 * minuteMs);
    expect(times()).toBe(1);
    await finish();
    await pass(minuteMs);
    expect(times()).toBe(2);
  });

  it.each([{ useMonitor: true }, { useMonitor: false }])(
    "goes on when a clock that was a year ahead is put right, with %o",
    async (given) => {
      const { timer, times, set, pass, finish } = timerAt({ now: "2026-11-21T15:24:00Z", ...given });
      timer.start();
      set(365 * 1_440 * minuteMs);
      await pass(5 * minuteMs);
      expect(times()).toBe(1);
      await finish();
      set(-365 * 1_440 * minuteMs);
      await pass(7 * minuteMs);
      expect(times()).toBe(2);
    },
  );

  it("does not run again when its clock is put right by seconds", async () => {
    const { timer, times, set, pass, finish } = timerAt({ now: "2026-11-21T15:24:00Z" });
    timer.start();
    await pass(minuteMs + 1_000);
    await finish();
    set(-5_000);
    await pass(minuteMs);
    expect(times()).toBe(1);
  });

  it("runs at each start if it asks for that, then by its schedule", async () => {
    const { timer, times, run, finish, pass } = timerAt({ now: "2026-11-21T15:24:00Z", runOnStartup: true });
    timer.start();
    expect([times(), run(0)?.isPastDue]).toEqual([1, false]);
    await finish();
    await pass(minuteMs);
    expect(times()).toBe(2);
  });

  it("ends without another run, and waits for the one that runs", async () => {
    const { timer, times, pass, finish } = timerAt({ now: "2026-11-21T15:24:00Z" });
    timer.start();
    await pass(minuteMs);
    let isOver = false;
    const over = timer.stop().then(() => (isOver = true));
    await pass(10 * minuteMs);
    expect([times(), isOver]).toEqual([1, false]);
    await finish();
    await over;
    expect(times()).toBe(1);
  });

  it("goes on when its place cannot be kept, and says so", async () => {
    const { timer, store, log, times, pass } = timerAt({ now: "2026-11-21T15:24:00Z" });
    store.saveTimerStatus = () => {
      throw new Error("The disk is full.");
    };
    timer.start();
    await pass(minuteMs);
    expect(times()).toBe(1);
    expect(log).toEqual(["The places of timers in their schedules are not saved: The disk is full."]);
  });
});

describe("after a start", () => {
  it.each([
    {
      what: "a missed turn is made up at once, and told",
      saved: status("2026-11-21T15:00:00+00:00", "2026-11-21T15:05:00+00:00"),
      runsAtOnce: 1,
      next: "2026-11-21T15:05:00+00:00",
    },
    {
      what: "a turn that is still to come is waited for",
      saved: status("2026-11-21T15:20:00+00:00", "2026-11-21T15:25:00+00:00"),
      runsAtOnce: 0,
      next: "2026-11-21T15:25:00+00:00",
    },
    {
      what: "a timer that never ran is not past due",
      saved: status(never, "2026-11-21T15:05:00+00:00"),
      runsAtOnce: 0,
      next: "2026-11-21T15:25:00+00:00",
    },
    {
      what: "a schedule that changed meanwhile begins anew",
      saved: status("2026-11-21T15:00:00+00:00", "2026-11-21T23:00:00+00:00"),
      runsAtOnce: 0,
      next: "2026-11-21T15:25:00+00:00",
    },
    {
      what: "a place that a clock which was ahead has left is given up",
      saved: status("2027-11-21T15:20:00+00:00", "2027-11-21T15:25:00+00:00"),
      runsAtOnce: 0,
      next: "2026-11-21T15:25:00+00:00",
    },
    { what: "nothing known means the next turn", saved: undefined, runsAtOnce: 0, next: "2026-11-21T15:25:00+00:00" },
  ])("$what", ({ saved, runsAtOnce, next }) => {
    const { timer, times, run, store } = timerAt({ now: "2026-11-21T15:21:00Z", ...(saved && { saved }) });
    timer.start();
    expect(times()).toBe(runsAtOnce);
    expect(store.saved?.next).toBe(next);
    expect(run(0)?.isPastDue).toBe(runsAtOnce === 1 ? true : undefined);
  });

  it("the schedule goes on from the time of the run that was made up", async () => {
    const saved = status("2026-11-21T15:00:00+00:00", "2026-11-21T15:05:00+00:00");
    const { timer, store, finish } = timerAt({ now: "2026-11-21T15:21:00Z", saved });
    timer.start();
    await finish();
    expect(store.saved).toMatchObject({ last: "2026-11-21T15:21:00+00:00", next: "2026-11-21T15:25:00+00:00" });
  });

  it.each([{ schedule: "*/10 * * * * *" }, { useMonitor: false }])("nothing is kept of one with %o", async (given) => {
    const { timer, run, store, pass } = timerAt({ now: "2026-11-21T15:21:00Z", ...given });
    timer.start();
    await pass(5 * minuteMs);
    expect([run(0)?.isPastDue, run(0)?.place, store.saved]).toEqual([false, undefined, undefined]);
  });
});
