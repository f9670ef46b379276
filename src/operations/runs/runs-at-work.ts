/**
 * What this process knows of runs beyond the catalog: which it gave up because a disk is full, whose steps it executes, and
 * which other processes that have some are dead.
 * Nothing of it is needed after a restart: a run whose work is gone fails by itself, and the disk is looked at again.
 */
export class RunsAtWork {
  readonly #reasons = new Map<string, string>();
  readonly #executing = new Map<string, number>();
  readonly #hubs = new Map<string, boolean>();

  /** Every step of the run that begins from here on ends with this reason. */
  giveUp(run: string, reason: string): void {
    this.#reasons.set(run, reason);
  }

  whyGivenUp(run: string): string | undefined {
    return this.#reasons.get(run);
  }

  /** Its end is written. */
  forget(run: string): void {
    this.#reasons.delete(run);
  }

  /** Whether the process with these workflows is believed dead. Who asks first has it watched from then on. */
  isBelievedDead(hub: string): boolean {
    const known = this.#hubs.get(hub) ?? false;
    this.#hubs.set(hub, known);
    return known;
  }

  hubsAskedFor(): readonly string[] {
    return [...this.#hubs.keys()];
  }

  noteHub(hub: string, isDead: boolean): void {
    this.#hubs.set(hub, isDead);
  }

  isExecuting(run: string): boolean {
    return this.#executing.has(run);
  }

  async executing<Value>(run: string, work: () => Promise<Value>): Promise<Value> {
    this.#executing.set(run, (this.#executing.get(run) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#executing.get(run) ?? 1) - 1;
      if (left > 0) this.#executing.set(run, left);
      else this.#executing.delete(run);
    }
  }
}
