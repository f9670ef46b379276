import type { Clock } from "../../../src/devhost/clock.ts";

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  #waiting: { readonly at: number; readonly callback: () => void }[] = [];

  constructor(start: string) {
    this.#now = Date.parse(start);
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const waiting = { at: this.#now + milliseconds, callback };
    this.#waiting.push(waiting);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
    };
  }

  /** Somebody sets the clock: ahead, or back by less than nothing. What waits goes by the time that passes. */
  set(milliseconds: number): void {
    this.#now += milliseconds;
    this.#waiting = this.#waiting.map(({ at, callback }) => ({ at: at + milliseconds, callback }));
  }

  /** Moves time forward and calls back what became due. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
    const due = this.#waiting.filter(({ at }) => at <= this.#now);
    this.#waiting = this.#waiting.filter(({ at }) => at > this.#now);
    for (const { callback } of due.toSorted((a, b) => a.at - b.at)) callback();
  }
}
