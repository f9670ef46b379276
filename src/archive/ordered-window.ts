/** Work that runs side by side and is taken up in the order in which it was started, a bounded amount at a time. */
export class OrderedWindow {
  readonly #width: number;
  readonly #started: (() => Promise<void>)[] = [];

  /** `width` is how much may be under way. */
  constructor(width: number) {
    this.#width = width;
  }

  /** Starts work now or as soon as there is room; `use` gets its result when everything before it has been used. */
  async add<Result>(start: () => Promise<Result>, use: (result: Result) => Promise<void>): Promise<void> {
    while (this.#started.length >= this.#width) await this.#useFirst();
    const result = start();
    // Whoever uses it hears of its failure; until then nobody listens.
    result.catch(() => undefined);
    this.#started.push(async () => use(await result));
  }

  async finish(): Promise<void> {
    while (this.#started.length > 0) await this.#useFirst();
  }

  async #useFirst(): Promise<void> {
    await this.#started.shift()?.();
  }
}
