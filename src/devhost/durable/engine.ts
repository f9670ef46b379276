import { slightMs } from "../clock.ts";
import { HostFailure } from "../host-failure.ts";
import { ActivityPool } from "./activity-pool.ts";
import { conclude, episodeTime, type Outcome, terminated, triggerInput, unknownOrchestrator } from "./episode.ts";
import { EventType, historyEvent, type HistoryEvent, parseEvents } from "./history-event.ts";
import { Persistence, Stopped } from "./persistence.ts";
import { type Instance, isOpen, type Message, type RuntimeStatus, type Store } from "./store.ts";
import {
  type EndedActivity,
  finishEpisode,
  type NewInstance,
  startInstance,
  terminateInstance,
} from "./transitions.ts";
import type { DurableOptions } from "./types.ts";
import { messageOf } from "../message-of.ts";

const retryMs = 5_000;
/** Timers are looked at this often at least, so that a changed clock or a sleeping machine is noticed. */
const longestNapMs = 60_000;

/** Drives orchestrations: whatever is on disk and ready is run; whatever happens is on disk before it counts. */
export class Engine {
  readonly #store: Store;
  readonly #options: DurableOptions;
  readonly #persistence: Persistence;
  readonly #activities: ActivityPool;
  readonly #ready = new Set<string>();
  readonly #busy = new Set<string>();
  /** Woken while busy. */
  readonly #again = new Set<string>();
  /** Completions that no episode has processed yet. */
  readonly #ended = new Map<string, EndedActivity[]>();
  #invoking = 0;
  #stopped = false;
  /** When timers were last looked at; before the first time the clock may have been put back. */
  #looked = Infinity;
  #cancelNap = (): void => undefined;
  #waiters: { readonly isOver: () => boolean; readonly resolve: () => void }[] = [];

  constructor(store: Store, options: DurableOptions) {
    this.#store = store;
    this.#options = options;
    this.#persistence = new Persistence(store, options);
    this.#activities = new ActivityPool({
      store,
      options,
      persistence: this.#persistence,
      ended: (ended) => this.#receive(ended),
      changed: () => this.#announce(),
    });
  }

  /** Resumes what is on disk. */
  start(): void {
    this.#activities.recover(this.#store.activities());
    for (const id of this.#store.instancesWithMessages(this.#options.clock.now())) this.#wake(id);
    this.#nap();
  }

  /** Begins no more activities, gives those that run so long to end and to be recorded. */
  async stop(graceMs: number): Promise<void> {
    this.#activities.stop();
    if (graceMs > 0) await this.#quiet(graceMs);
    this.#stopped = true;
    this.#cancelNap();
    this.#persistence.stop();
    this.#store.database.flush();
    this.#activities.forget();
  }

  idle(): Promise<void> {
    return this.#until(() => this.#isSettled && this.#activities.isIdle);
  }

  get #isSettled(): boolean {
    return this.#ready.size === 0 && this.#busy.size === 0;
  }

  /** Tells the status of an instance of that id that has not ended, else starts one. Rejects with a HostFailure. */
  async startInstance(instance: NewInstance): Promise<RuntimeStatus | undefined> {
    const now = this.#options.clock.now();
    const running = await this.#store.database.transact(() => startInstance(this.#store, instance, now));
    if (running === undefined) this.#wake(instance.instanceId);
    return running;
  }

  async terminateInstance(id: string, reason: string): Promise<ReturnType<typeof terminateInstance>> {
    const now = this.#options.clock.now();
    const answer = await this.#store.database.transact(() => terminateInstance(this.#store, id, reason, now));
    if (answer === "accepted") this.#wake(id);
    return answer;
  }

  #receive(ended: EndedActivity): void {
    const { instanceId } = ended.activity;
    this.#ended.set(instanceId, [...(this.#ended.get(instanceId) ?? []), ended]);
    this.#wake(instanceId);
  }

  #wake(id: string): void {
    if (this.#busy.has(id)) this.#again.add(id);
    else this.#ready.add(id);
    this.#pump();
  }

  #pump(): void {
    for (const id of this.#ready) {
      if (this.#stopped || this.#invoking >= this.#options.limits.maxConcurrentOrchestrators) return;
      this.#ready.delete(id);
      this.#busy.add(id);
      void this.#process(id);
    }
  }

  async #process(id: string): Promise<void> {
    try {
      await this.#episode(id);
    } catch (error) {
      if (!(error instanceof Stopped)) await this.#afterTrouble(id, error);
    }
    this.#busy.delete(id);
    if (this.#again.delete(id)) this.#ready.add(id);
    this.#pump();
    this.#announce();
  }

  /** Nothing was changed, the messages are still there: they are tried again. */
  async #afterTrouble(id: string, error: unknown): Promise<void> {
    const { clock, log } = this.#options;
    const message = error instanceof HostFailure ? error.message : error instanceof Error ? error.stack : String(error);
    log("error", "Host.Durable", `Instance '${id}' cannot go on: ${message} Trying again in ${retryMs / 1000} s.`);
    await new Promise<void>((resolve) => void clock.after(retryMs, resolve));
    this.#again.add(id);
  }

  async #episode(id: string): Promise<void> {
    const { clock } = this.#options;
    const messages = this.#store.messages(id, clock.now());
    const arrived = this.#ended.get(id) ?? [];
    const instance = this.#store.instance(id);
    const isCurrent = ({ activity }: EndedActivity): boolean =>
      instance !== undefined && isOpen(instance.status) && instance.executionId === activity.executionId;
    const ended = arrived.filter(isCurrent);
    if (instance && messages.length + ended.length > 0) await this.#run(instance, messages, ended);
    this.#forget(id, arrived);
  }

  /** They are on disk, or nobody waits for them any more. */
  #forget(id: string, arrived: readonly EndedActivity[]): void {
    for (const { activity } of arrived) this.#activities.recorded(activity);
    const later = this.#ended.get(id)?.slice(arrived.length) ?? [];
    if (later.length > 0) this.#ended.set(id, later);
    else this.#ended.delete(id);
  }

  async #run(instance: Instance, messages: readonly Message[], ended: readonly EndedActivity[]): Promise<void> {
    const { clock } = this.#options;
    const pastText = this.#store.historyText(instance.instanceId);
    const past = parseEvents(pastText);
    const received = [...messages.flatMap(({ event }) => parseEvents(event)), ...ended.map(({ event }) => event)];
    const episodeAt = episodeTime(clock.now(), past, received);
    const fresh = [historyEvent({ EventType: EventType.OrchestratorStarted }, episodeAt), ...received];
    const outcome = await this.#decide(instance, { pastText, past, fresh });
    const begin = this.#activities.reserve(outcome.decisions.filter(({ kind }) => kind === "activity").length);
    await this.#finish({ instance, messages, ended, fresh, outcome, episodeAt, now: clock.now(), begin });
  }

  async #finish(episode: Parameters<typeof finishEpisode>[1]): Promise<void> {
    const { instance, outcome } = episode;
    const effects = await this.#persistence
      .write(() => finishEpisode(this.#store, episode))
      .catch((error: unknown) => {
        this.#activities.release(episode.begin);
        throw error;
      });
    this.#activities.accept(effects.activities, episode.begin);
    for (const woken of effects.woken) this.#wake(woken);
    if (outcome.decisions.some(({ kind }) => kind === "timer")) this.#nap();
    if (outcome.status === "Failed")
      this.#options.log("warning", "Host.Durable", `Instance '${instance.instanceId}' failed: ${outcome.output}`);
  }

  async #decide(
    instance: Instance,
    history: {
      readonly pastText: string;
      readonly past: readonly HistoryEvent[];
      readonly fresh: readonly HistoryEvent[];
    },
  ): Promise<Outcome> {
    const { past, pastText, fresh } = history;
    const termination = fresh.find((event) => event.EventType === EventType.ExecutionTerminated);
    if (termination) return terminated(String(JSON.parse(termination.Input)));
    if (!this.#options.isOrchestrator(instance.name)) return unknownOrchestrator(instance.name);
    this.#invoking++;
    const [settled] = await Promise.allSettled([
      this.#options.invokeOrchestrator(instance.name, triggerInput(instance, pastText, fresh)),
    ]);
    this.#invoking--;
    this.#pump();
    return conclude(instance.name, [...past, ...fresh], settled, this.#options);
  }

  /** Wakes the instances whose timers are due, then sleeps until the next is. */
  #nap(): void {
    this.#cancelNap();
    if (this.#stopped) return;
    const { clock, log } = this.#options;
    let napMs = retryMs;
    try {
      const now = clock.now();
      if (now < this.#looked - slightMs) this.#store.bringTimersForward(now);
      this.#looked = now;
      for (const id of this.#store.instancesWithTimers(now)) this.#wake(id);
      napMs = Math.min((this.#store.nextDue(now) ?? Infinity) - now, longestNapMs);
    } catch (error) {
      log("error", "Host.Durable", messageOf(error));
    }
    this.#cancelNap = clock.after(napMs, () => this.#nap());
  }

  async #quiet(graceMs: number): Promise<void> {
    let cancel = (): void => undefined;
    const graceOver = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(graceMs, resolve);
    });
    await Promise.race([graceOver, this.#until(() => this.#isSettled && this.#activities.isQuiet)]);
    cancel();
  }

  #until(isOver: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ isOver, resolve });
      this.#announce();
    });
  }

  #announce(): void {
    const over = this.#waiters.filter(({ isOver }) => isOver());
    this.#waiters = this.#waiters.filter((waiter) => !over.includes(waiter));
    for (const { resolve } of over) resolve();
  }
}
