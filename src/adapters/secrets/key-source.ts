import type { SealingKeys } from "./sealing-keys.ts";

/** Where sealing keys come from. Keys may be added there while the service runs, by a person or another instance. */
export interface KeySource {
  /** Those known now. Throws where none could be read yet. */
  keys(): Promise<SealingKeys>;
  /** Those known after another look, for a value that names a key which is not among them. */
  keysAgain(): Promise<SealingKeys>;
}

/** Keys that do not change as long as the process lives. */
export const unchangingKeys = (keys: SealingKeys): KeySource => ({
  keys: async () => keys,
  keysAgain: async () => keys,
});

interface LookOptions {
  /** After so long `keys` looks again. */
  readonly freshForMs: number;
  /** Looks are at least so far apart: whoever sends made-up key ids must not make us ask for each of them. */
  readonly pauseMs: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Told why a look failed while the keys known before go on serving. */
  readonly onProblem: (error: unknown) => void;
}

/** Looks where the keys are, now and again; one look at a time. A look that fails costs nothing that was known before. */
export const watchedKeys = (look: () => Promise<SealingKeys>, options: LookOptions): KeySource => {
  let known: SealingKeys | undefined;
  let lookedAt = -Infinity;
  let looking: Promise<SealingKeys> | undefined;

  const lookNow = (): Promise<SealingKeys> => {
    looking ??= attempt().finally(() => (looking = undefined));
    return looking;
  };
  const attempt = async (): Promise<SealingKeys> => {
    try {
      known = await look();
    } catch (error) {
      if (known === undefined) throw error;
      options.onProblem(error);
    }
    lookedAt = options.now();
    return known;
  };
  const ifOlderThan = async (ageMs: number): Promise<SealingKeys> =>
    known === undefined || options.now() - lookedAt >= ageMs ? lookNow() : known;

  return { keys: () => ifOlderThan(options.freshForMs), keysAgain: () => ifOlderThan(options.pauseMs) };
};
