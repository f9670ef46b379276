import type { Clock } from "../clock.ts";
import { HostFailure } from "../host-failure.ts";
import type { Log } from "../log.ts";
import type { Store } from "./store.ts";

/** The engine has been stopped; what was under way is taken up again at the next start. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

/** Writes of the engine itself: they wait for a full disk to be freed instead of losing a result that exists only in memory. */
export class Persistence {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  #stopped = false;

  constructor(store: Store, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves once the write is on disk; rejects with Stopped. The write may run several times, once with effect. */
  async write<Result>(write: () => Result): Promise<Result> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      if (this.#stopped) throw new Stopped();
      try {
        return await this.#store.database.transact(write);
      } catch (error) {
        if (!(error instanceof HostFailure)) throw error;
        this.#log("error", "Host.Durable", `${error.message} Trying again in ${pauseMs / 1000} s.`);
        await new Promise<void>((resolve) => void this.#clock.after(pauseMs, resolve));
      }
    }
  }

  stop(): void {
    this.#stopped = true;
  }
}
