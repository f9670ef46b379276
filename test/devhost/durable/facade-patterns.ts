import { StepFailed } from "../../../src/workflows/workflow.ts";

/** What workflows ask of a host: what the facade emits, and what it could, as bodies that run on any implementation. */

export type Part = Generator<unknown, unknown, unknown>;

/** The facade's verbs without the product's table of step names, and what else the host has for them. */
export interface Verbs {
  readonly id: string;
  call(step: string, input: StepKey): Part;
  all(step: string, inputs: readonly StepKey[], atATime: number): Part;
  sleep(milliseconds: number): Part;
  child(workflow: string, id: string, input: unknown): Part;
}

export interface StepKey {
  readonly key: string;
}

export type Pattern = (wf: Verbs) => Part;

const day = 24 * 60 * 60 * 1000;
const keys = (wf: Verbs, prefix: string, count: number): StepKey[] =>
  Array.from({ length: count }, (_, index) => ({ key: `${wf.id}/${prefix}${index}` }));
const work = (wf: Verbs, key: string): Part => wf.call("work", { key: `${wf.id}/${key}` });

/** What a body does with a part that may fail for good. */
function* orFailed(part: Part): Part {
  try {
    return yield* part;
  } catch (error) {
    return error instanceof StepFailed ? `failed: ${error.step}` : "failed";
  }
}

export const patterns: Readonly<Record<string, Pattern>> = {
  *nothing(wf) {
    return yield* wf.all("work", [], 4);
  },
  *sequence(wf) {
    return [yield* work(wf, "a"), yield* work(wf, "b"), yield* work(wf, "c"), yield* work(wf, "d")];
  },
  *boundedGroups(wf) {
    const parts = yield* wf.all("work", keys(wf, "part", 7), 3);
    return [parts, yield* work(wf, "after")];
  },
  *oneWideGroup(wf) {
    return yield* wf.all("work", keys(wf, "part", 6), 10);
  },
  *emptyGroup(wf) {
    return [yield* wf.all("work", [], 4), yield* work(wf, "after")];
  },
  *stepThatNeverWorks(wf) {
    return [yield* orFailed(work(wf, "doomed")), yield* work(wf, "after")];
  },
  *groupWithOneThatNeverWorks(wf) {
    const inputs = [...keys(wf, "part", 3), { key: `${wf.id}/doomed` }, ...keys(wf, "more", 2)];
    return [yield* orFailed(wf.all("work", inputs, 4)), yield* work(wf, "after")];
  },
  *sleeps(wf) {
    const before = yield* work(wf, "before");
    yield* wf.sleep(0);
    yield* wf.sleep(90_000);
    const after = yield* work(wf, "after");
    yield* wf.sleep(1);
    return [before, after];
  },
  *sleepsForWeeks(wf) {
    yield* wf.sleep(20 * day);
    return yield* work(wf, "after");
  },
  *child(wf) {
    return [yield* wf.child("sequence", `${wf.id}-child`, {}), yield* work(wf, "after")];
  },
  *childThatFails(wf) {
    return [yield* orFailed(wf.child("failing", `${wf.id}-child`, {})), yield* work(wf, "after")];
  },
  *failing(wf) {
    yield* work(wf, "before");
    return yield* work(wf, "doomed");
  },
  *grandchildren(wf) {
    return [yield* wf.child("child", `${wf.id}-1`, {}), yield* wf.child("childThatFails", `${wf.id}-2`, {})];
  },
  *everything(wf) {
    const opened = yield* work(wf, "open");
    const parts = yield* wf.all("work", keys(wf, "shard", 4), 2);
    yield* wf.sleep(5_000);
    const described = yield* wf.child("boundedGroups", `${wf.id}-child`, {});
    return [opened, parts, described, yield* orFailed(work(wf, "doomed")), yield* work(wf, "close")];
  },
};
