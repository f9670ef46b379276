import { setImmediate } from "node:timers/promises";

/** Random numbers from 0 to 1, always the same ones for a seed. */
export const randomOf = (seed: number): (() => number) => {
  let state = (seed * 0x9e37_79b9 + 0x7f4a_7c15) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
};

/**
 * Lets pieces of work that run at the same time go on in an order that the seed chooses: each waits at its gates, and one
 * at a time is let through. Some wait long, as if their process slept.
 */
export class Interleaving {
  readonly #random: () => number;
  #waiting: { readonly goOn: () => void; rounds: number }[] = [];
  #isPumping = false;

  constructor(seed: number) {
    this.#random = randomOf(seed);
  }

  chance(likelihood: number): boolean {
    return this.#random() < likelihood;
  }

  gate(): Promise<void> {
    return new Promise((goOn) => {
      this.#waiting.push({ goOn, rounds: this.chance(0.02) ? Math.floor(this.#random() * 300) : 0 });
      if (!this.#isPumping) void this.#pump();
    });
  }

  /** The same object, whose asynchronous methods wait at a gate before they begin and before they answer. */
  gated<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...given: unknown[]): unknown => {
          const call = (): unknown => Reflect.apply(value, target, given);
          // Generators are listings, and what answers at once does not wait.
          if (!asynchronous.has(String(name))) return call();
          return this.#passing(call);
        };
      },
    });
  }

  async #passing(call: () => unknown): Promise<unknown> {
    await this.gate();
    try {
      return await call();
    } finally {
      await this.gate();
    }
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    while (this.#waiting.length > 0) {
      await setImmediate();
      const ready = this.#waiting.filter(({ rounds }) => rounds === 0);
      for (const one of this.#waiting) if (one.rounds > 0) one.rounds--;
      const next = ready[Math.floor(this.#random() * ready.length)];
      if (next === undefined) continue;
      this.#waiting = this.#waiting.filter((one) => one !== next);
      next.goOn();
    }
    this.#isPumping = false;
  }
}

/** Methods of the ports that a step awaits. */
const asynchronous: ReadonlySet<string> = new Set(
  (
    "get write stage stageCopy settle commit abandon head read remove " +
    "state check swap putBack forget content exchanges stop start stat"
  ).split(" "),
);
