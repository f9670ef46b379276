import type { Clock } from "../clock.ts";
import type { TimerStatusStore } from "../durable/types.ts";
import type { Log } from "../log.ts";
import type { TimerRun, TimerRunner } from "./run-timer.ts";
import type { TimerFunction } from "./timer-function.ts";
import { isAhead, monitorOf, type Place, resumePlace, timerStatus } from "./timer-status.ts";
import { messageOf } from "../message-of.ts";

export type TimerOptions = {
  readonly run: TimerRunner;
  readonly store: TimerStatusStore;
  readonly clock: Clock;
  readonly log: Log;
};

/** Looks at the wall clock at least this often, so that a machine that slept notices. */
const longestWaitMs = 60_000;

/** One timer function: its schedule, its place in it, its runs one after the other. */
export class Timer {
  readonly #timer: TimerFunction;
  readonly #options: TimerOptions;
  readonly #monitor: TimerStatusStore | undefined;
  /** What ends each wait early. */
  readonly #waits = new Set<() => void>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(timer: TimerFunction, options: TimerOptions) {
    this.#timer = timer;
    this.#options = options;
    this.#monitor = monitorOf(timer, options.store, options.clock.now());
  }

  get name(): string {
    return this.#timer.name;
  }

  start(): void {
    const now = this.#options.clock.now();
    const { place, isPastDue } = this.#resumed(now);
    this.#save(place);
    this.#track(
      isPastDue || this.#timer.runOnStartup
        ? this.#run(isPastDue, place).then(() => this.#follow(now))
        : this.#follow(undefined, place),
    );
  }

  /** Starts no more runs; resolves when the running ones have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#waits) end();
    await Promise.all(this.#running);
  }

  /** Runs once beside the schedule. */
  runNow(): void {
    this.#track(this.#run(false, this.#resumed(this.#options.clock.now()).place));
  }

  #resumed(now: number): ReturnType<typeof resumePlace> {
    return resumePlace(this.#timer.schedule, this.#monitor?.timerStatus(this.name), now);
  }

  /** Runs turn after turn: the next one counts from when the one before began, so a long run is caught up once. */
  async #follow(ranAt: number | undefined, place: Place = this.#advance(ranAt ?? 0)): Promise<void> {
    const { clock } = this.#options;
    for (let current = place; ;) {
      while (clock.now() < current.next && !this.#stopped) {
        if (isAhead(current, clock.now())) this.#save((current = this.#resumed(clock.now()).place));
        await this.#pause(current.next - clock.now());
      }
      if (this.#stopped) return;
      const began = clock.now();
      await this.#run(false, current);
      current = this.#advance(began);
    }
  }

  #advance(ranAt: number): Place {
    const place = { last: ranAt, next: this.#timer.schedule.next(ranAt), lastUpdated: ranAt };
    this.#save(place);
    return place;
  }

  #save(place: Place): void {
    try {
      this.#monitor?.saveTimerStatus(this.name, timerStatus(place));
    } catch (error) {
      // The schedule goes on; only a missed run might go unnoticed after a restart.
      // Of all timers alike: where one cannot be saved, none can.
      const reason = `The places of timers in their schedules are not saved: ${messageOf(error)}`;
      this.#options.log("error", "Host.Timers", reason);
    }
  }

  #run(isPastDue: boolean, place: Place): Promise<void> {
    const run: TimerRun = {
      isPastDue,
      place: this.#monitor && place,
      pause: (milliseconds) => this.#pause(milliseconds),
      isStopped: () => this.#stopped,
    };
    return this.#options.run(this.#timer, run);
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#waits.delete(end);
        resolve();
      };
      const cancel = this.#options.clock.after(Math.min(milliseconds, longestWaitMs), end);
      this.#waits.add(end);
    });
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }
}
