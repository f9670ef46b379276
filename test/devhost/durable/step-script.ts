import { createHash } from "node:crypto";
import { StepFailed } from "../../../src/workflows/workflow.ts";
import type { Part, Pattern, StepKey, Verbs } from "./facade-patterns.ts";

/** How an attempt of a step ends: with a value, by telling that it threw, or as if its process had died. */
export type Ending = { readonly value: string } | { readonly threw: string } | { readonly died: string };

/** The same for the same seed, step and attempt, whatever the order in which things happen. */
export const endingOf = (seed: number, key: string, attempt: number): Ending => {
  if (key.endsWith("doomed")) return attempt % 2 === 0 ? { threw: `no ${attempt}` } : { died: `dead ${attempt}` };
  const [byte = 0] = createHash("sha256").update(`${seed} ${key} ${attempt}`).digest();
  if (byte < 40) return { threw: `no ${attempt}` };
  if (byte < 60) return { died: `dead ${attempt}` };
  return { value: `${key} at ${attempt}` };
};

interface Straight {
  readonly result: { readonly output: unknown } | { readonly failed: string };
  /** Attempts of every step. */
  readonly attempts: ReadonlyMap<string, number>;
}

const maxAttempts = 4;
const diedMessage = "The process that ran it ended.";

const told = (ending: Ending): { readonly value: string } | { readonly threw: string } =>
  "died" in ending ? { threw: diedMessage } : ending;

/** A parent is told of a failed child in the runtime's words. */
class ChildFailed extends Error {
  constructor(workflow: string, message: string) {
    super(`Orchestrator function '${workflow}' failed: ${message} \n Message: ${message}, StackTrace: `);
  }
}

const isFailure = (error: unknown): error is Error => error instanceof StepFailed || error instanceof ChildFailed;

// oxlint-disable-next-line require-yield -- a straight line never waits
function* atOnce(result: () => unknown): Part {
  return result();
}

class StraightLine {
  readonly attempts = new Map<string, number>();
  readonly #seed: number;
  readonly #patterns: Readonly<Record<string, Pattern>>;

  constructor(seed: number, patterns: Readonly<Record<string, Pattern>>) {
    this.#seed = seed;
    this.#patterns = patterns;
  }

  run(pattern: string, id: string): unknown {
    const body = this.#patterns[pattern];
    if (!body) throw new Error(`No pattern ${pattern}`);
    const { done, value } = body(this.#verbs(id)).next();
    if (!done) throw new Error("A body yielded something else than the verbs it was given.");
    return value;
  }

  #verbs(id: string): Verbs {
    return {
      id,
      call: (step, input) => atOnce(() => this.#call(step, input, maxAttempts)),
      all: (step, inputs, atATime) => atOnce(() => this.#all(step, inputs, atATime)),
      sleep: () => atOnce(() => undefined),
      child: (workflow, childId) => atOnce(() => this.#child(workflow, childId)),
    };
  }

  #child(workflow: string, id: string): unknown {
    try {
      return this.run(workflow, id);
    } catch (error) {
      throw isFailure(error) ? new ChildFailed(workflow, error.message) : error;
    }
  }

  #attempt({ key }: StepKey): Ending {
    const attempt = this.attempts.get(key) ?? 0;
    this.attempts.set(key, attempt + 1);
    return endingOf(this.#seed, key, attempt);
  }

  #call(step: string, input: StepKey, attempts: number): string {
    let reason = "";
    for (let attempt = 0; attempt < attempts; attempt++) {
      const answer = told(this.#attempt(input));
      if ("value" in answer) return answer.value;
      reason = answer.threw;
    }
    throw new StepFailed(step, reason);
  }

  #all(step: string, inputs: readonly StepKey[], atATime: number): string[] {
    const results: string[] = [];
    for (let start = 0; start < inputs.length; start += atATime) {
      const group = inputs.slice(start, start + atATime);
      if (group.length === 1) results.push(...group.map((input) => this.#call(step, input, maxAttempts)));
      else results.push(...this.#group(step, group));
    }
    return results;
  }

  #group(step: string, group: readonly StepKey[]): string[] {
    const endings = group.map((input) => this.#attempt(input));
    const isLost = endings.some((ending) => "died" in ending);
    return group.map((input, index) => {
      const ending = endings[index];
      return !isLost && ending && "value" in ending ? ending.value : this.#call(step, input, maxAttempts - 1);
    });
  }
}

/** What a pattern does when its steps simply run one after the other. */
export const straightLine = (
  patterns: Readonly<Record<string, Pattern>>,
  pattern: string,
  { id, seed }: { readonly id: string; readonly seed: number },
): Straight => {
  const line = new StraightLine(seed, patterns);
  try {
    return { result: { output: line.run(pattern, id) ?? null }, attempts: line.attempts };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { result: { failed: error.message }, attempts: line.attempts };
  }
};
