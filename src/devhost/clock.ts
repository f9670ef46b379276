/** Time as the host sees it; tests move it by hand. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once after so many milliseconds (at most 2^31 - 1); the returned function cancels. */
  after(milliseconds: number, callback: () => void): () => void;
};

/** Clocks are put right by so much all the time; what is further ahead was left by a clock that was wrong. */
export const slightMs = 60_000;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
