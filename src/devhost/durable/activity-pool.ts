import type { Log } from "../log.ts";
import { activityFailure, jsonText } from "./payload.ts";
import { type Persistence, Stopped } from "./persistence.ts";
import type { Activity, Store } from "./store.ts";
import { completeActivity, type Completion } from "./transitions.ts";
import type { DurableOptions } from "./types.ts";

/** An activity that was running at so many crashes in a row is taken for their cause. */
const maxCrashes = 5;

const asTimeSpan = (milliseconds: number): string => {
  const seconds = Math.floor(milliseconds / 1000);
  const part = (value: number): string => String(value).padStart(2, "0");
  return `${part(Math.floor(seconds / 3600))}:${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)}`;
};

interface PoolOptions {
  readonly store: Store;
  readonly persistence: Persistence;
  readonly options: DurableOptions;
  /** A completion is in the inbox of this instance. */
  readonly completed: (instanceId: string) => void;
  /** Called whenever something ended. */
  readonly changed: () => void;
}

/** Runs activities, so many at once, each at least once: until its completion is on disk. */
export class ActivityPool {
  readonly #deps: PoolOptions;
  readonly #queue: Activity[] = [];
  /** Counted as begun, completion not recorded. */
  readonly #begun = new Set<Activity>();
  #occupied = 0;
  #unrecorded = 0;
  #stopped = false;

  constructor(deps: PoolOptions) {
    this.#deps = deps;
  }

  /** Nothing runs and nothing is being stored. */
  get isQuiet(): boolean {
    return this.#occupied === 0 && this.#unrecorded === 0;
  }

  get isIdle(): boolean {
    return this.isQuiet && this.#queue.length === 0;
  }

  /** Takes up what a previous process left. */
  recover(activities: readonly Activity[]): void {
    for (const activity of activities) {
      if (activity.attempts < maxCrashes) this.#queue.push(activity);
      else {
        const { name, attempts, instanceId } = activity;
        const message = `It was running ${attempts} times when the host process crashed; it is not tried again.`;
        this.#log("error", `Activity '${name}' of instance '${instanceId}': ${message}`);
        void this.#record(activity, { failure: activityFailure(name, new Error(message)) });
      }
    }
    this.#fill();
  }

  /** Keeps up to so many places for activities that are about to be stored as begun. */
  reserve(wanted: number): number {
    if (this.#stopped || this.#queue.length > 0) return 0;
    const places = Math.max(0, Math.min(wanted, this.#limit - this.#occupied));
    this.#occupied += places;
    return places;
  }

  /** Gives places back that were not used. */
  release(places: number): void {
    this.#occupied -= places;
    this.#fill();
  }

  /** Runs the stored activities; the first `places` of them are stored as begun. */
  accept(activities: readonly Activity[], places: number): void {
    for (const [index, activity] of activities.entries()) {
      if (index >= places) this.#queue.push(activity);
      else void this.#run(activity);
    }
    this.#fill();
  }

  /** Begins nothing more. Call `forget` once the grace is over. */
  stop(): void {
    this.#stopped = true;
  }

  /** What still runs did not crash: it must not count as an attempt. */
  forget(): void {
    const { database } = this.#deps.store;
    if (this.#begun.size > 0)
      database.transactNow(() => this.#begun.forEach(({ seq }) => this.#deps.store.countAttempt(seq, -1)));
    this.#begun.clear();
  }

  get #limit(): number {
    return this.#deps.options.limits.maxConcurrentActivities;
  }

  #log(level: Parameters<Log>[0], message: string): void {
    this.#deps.options.log(level, "Host.Durable", message);
  }

  #fill(): void {
    while (!this.#stopped && this.#occupied < this.#limit) {
      const next = this.#queue.shift();
      if (!next) break;
      this.#occupied++;
      void this.#begin(next);
    }
    this.#deps.changed();
  }

  async #begin(activity: Activity): Promise<void> {
    const { persistence, store } = this.#deps;
    this.#begun.add(activity);
    const isWanted = await this.#stored(() => persistence.write(() => store.countAttempt(activity.seq, 1)));
    if (isWanted) return this.#run(activity);
    if (isWanted === false) this.#begun.delete(activity);
    this.release(1);
  }

  async #run(activity: Activity): Promise<void> {
    this.#begun.add(activity);
    if (this.#stopped) return this.release(1);
    const completion = await this.#completion(activity);
    void this.#record(activity, completion);
    this.release(1);
  }

  async #completion(activity: Activity): Promise<Completion> {
    try {
      return { result: jsonText(await this.#invoke(activity)) };
    } catch (error) {
      return { failure: activityFailure(activity.name, error) };
    }
  }

  async #invoke({ name, instanceId, input }: Activity): Promise<unknown> {
    const { options } = this.#deps;
    const { clock, functionTimeoutMs } = options;
    if (!options.isActivity(name))
      throw new Error(`The function '${name}' doesn't exist, is disabled, or is not an activity function.`);
    let cancel = (): void => undefined;
    const timeout = new Promise<never>((_, reject) => {
      cancel = clock.after(functionTimeoutMs, () => {
        const limit = asTimeSpan(functionTimeoutMs);
        reject(new Error(`Timeout value of ${limit} was exceeded by function: Functions.${name}`));
      });
    });
    try {
      return await Promise.race([options.invokeActivity(name, { instanceId, input }), timeout]);
    } finally {
      cancel();
    }
  }

  async #record(activity: Activity, completion: Completion): Promise<void> {
    const { completed, options, persistence, store } = this.#deps;
    this.#unrecorded++;
    const now = options.clock.now();
    const isWanted = await this.#stored(() =>
      persistence.write(() => completeActivity(store, activity, completion, now)),
    );
    if (isWanted !== undefined) this.#begun.delete(activity);
    if (isWanted) completed(activity.instanceId);
    this.#unrecorded--;
    this.#deps.changed();
  }

  /** Undefined when the write will not happen in this process: the activity's row is still there for the next one. */
  async #stored(write: () => Promise<boolean>): Promise<boolean | undefined> {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof Stopped)) this.#log("error", `A write failed: ${String(error)}`);
      return undefined;
    }
  }
}
