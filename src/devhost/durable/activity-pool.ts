import { functionTimeout, withTimeout } from "../function-timeout.ts";
import type { Log } from "../log.ts";
import { activityFailure, jsonText } from "./payload.ts";
import { type Persistence, Stopped } from "./persistence.ts";
import type { Activity, Store } from "./store.ts";
import { type Completion, type EndedActivity, endedActivity } from "./transitions.ts";
import type { DurableOptions } from "./types.ts";

/** An activity that was running at so many crashes in a row is taken for their cause. */
const maxCrashes = 5;
/** An attempt that could not be counted is begun again after so long. */
const againMs = 5_000;

interface PoolOptions {
  readonly store: Store;
  readonly persistence: Persistence;
  readonly options: DurableOptions;
  /** An activity has ended. `recorded` wants to hear when that is on disk. */
  readonly ended: (ended: EndedActivity) => void;
  /** Called whenever a place became free. */
  readonly changed: () => void;
}

/** Runs activities, so many at once, each at least once: a row stays on disk until its completion is. */
export class ActivityPool {
  readonly #deps: PoolOptions;
  readonly #queue: Activity[] = [];
  /** Counted as begun, completion not recorded. */
  readonly #begun = new Set<Activity>();
  #occupied = 0;
  #stopped = false;

  constructor(deps: PoolOptions) {
    this.#deps = deps;
  }

  /** Nothing runs. */
  get isQuiet(): boolean {
    return this.#occupied === 0;
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
        this.#end(activity, { failure: activityFailure(name, new Error(message)) });
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

  /** The completion is on disk. */
  recorded(activity: Activity): void {
    this.#begun.delete(activity);
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
    this.#begun.add(activity);
    const isCounted = await this.#counted(activity);
    if (isCounted) return this.#run(activity);
    this.#begun.delete(activity);
    if (isCounted === undefined) this.#later(activity);
    this.release(1);
  }

  /** What went wrong may pass; an activity that nobody begins would keep its instance waiting until the next start. */
  #later(activity: Activity): void {
    this.#deps.options.clock.after(againMs, () => {
      if (this.#stopped) return;
      this.#queue.push(activity);
      this.#fill();
    });
  }

  async #run(activity: Activity): Promise<void> {
    this.#begun.add(activity);
    if (this.#stopped) return this.release(1);
    const completion = await this.#completion(activity);
    this.#end(activity, completion);
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
    if (!options.isActivity(name))
      throw new Error(`The function '${name}' doesn't exist, is disabled, or is not an activity function.`);
    const timeout = functionTimeout(options.clock, options.functionTimeoutMs);
    return withTimeout(timeout, name, options.invokeActivity(name, { instanceId, input }));
  }

  #end(activity: Activity, completion: Completion): void {
    this.#deps.ended(endedActivity(activity, completion, this.#deps.options.clock.now()));
  }

  /** False when the activity is gone; undefined when the count was not stored and the activity must not begin. */
  async #counted({ seq }: Activity): Promise<boolean | undefined> {
    const { persistence, store } = this.#deps;
    try {
      return await persistence.write(() => store.countAttempt(seq, 1));
    } catch (error) {
      if (!(error instanceof Stopped)) this.#log("error", `An attempt could not be counted: ${String(error)}`);
      return undefined;
    }
  }
}
