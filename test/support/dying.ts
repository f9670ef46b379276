import type { Catalog } from "../../src/ports/catalog.ts";
import type { Call } from "../../src/ports/call.ts";

/** What a dead process does to whoever waits for it in a test. */
class Died extends Error {}

export type DeathAt = { readonly write: number; readonly isDone: boolean };

/**
 * A process that dies at a write of its own: before it is done, or after it, when nobody has heard of it. Writes are those
 * to the catalog and what the runner is asked. From then on nothing is done any more.
 */
export const dyingAt = ({ write: at, isDone }: DeathAt) => {
  let writes = 0;
  let isDead = false;
  const living = <Result>(work: () => Promise<Result>): Promise<Result> =>
    isDead ? Promise.reject(new Died()) : work();
  const counted = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (isDead) throw new Died();
    if (++writes !== at) return work();
    isDead = true;
    if (isDone) await work();
    throw new Died();
  };
  return {
    isDead: () => isDead,
    catalog: (real: Catalog): Catalog => ({
      get: (...given) => living(() => real.get(...given)),
      list: (...given) => living(() => real.list(...given)),
      write: (...given) => counted(() => real.write(...given)),
      writeNews: (...given) => counted(() => real.writeNews(...given)),
      close: () => real.close(),
    }),
    call: (real: Call): Call => ({
      ...real,
      runner: {
        start: (...given) => counted(() => real.runner.start(...given)),
        state: (...given) => living(() => real.runner.state(...given)),
        terminate: (...given) => counted(() => real.runner.terminate(...given)),
        purge: (...given) => counted(() => real.runner.purge(...given)),
        purgeEnded: (...given) => counted(() => real.runner.purgeEnded(...given)),
      },
    }),
  };
};

/** Every death there is: `work` is done anew for each, until one lives through it. Answers how many there were. */
export const everyDeath = async (work: (death: DeathAt) => Promise<boolean>): Promise<number> => {
  for (let write = 1; ; write++)
    for (const isDone of [false, true]) if (!(await work({ write, isDone }))) return (write - 1) * 2;
};
