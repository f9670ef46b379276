import * as df from "durable-functions";
import type { OrchestrationContext, OrchestrationHandler } from "durable-functions";
import { messageOf } from "../domain/errors.ts";
import type { Call } from "../ports/call.ts";
import type { StepInput, StepName, StepResult, WorkflowInput, WorkflowName } from "../workflows/contract.ts";
import { StepFailed, type Workflow, type WorkflowPart } from "../workflows/workflow.ts";
import { contextLog } from "./context-log.ts";
import { durableRunner } from "./durable-runner.ts";

/** Waits before a step that threw is tried again; one more attempt than waits. */
const retryWaitsMs = [2_000, 10_000, 30_000] as const;

type StepBody<Name extends StepName> = (input: StepInput<Name>, call: Call) => Promise<StepResult<Name>>;
export type StepBodies = { readonly [Name in StepName]: StepBody<Name> };
type WorkflowBody<Name extends WorkflowName> = (wf: Workflow, input: WorkflowInput<Name>) => WorkflowPart<void>;
type WorkflowBodies = { readonly [Name in WorkflowName]: WorkflowBody<Name> };

/**
 * What an activity returns. A step that throws is told as a value, because the text of a failed activity's exception
 * differs between hosts and versions, and because one failure must not hide its siblings' results in a group.
 */
type Answer = { readonly value: unknown } | { readonly threw: string };

export const registerSteps = (steps: StepBodies): void => {
  for (const [name, body] of Object.entries(steps)) {
    // Safe: the table's own type ties each name to its input; Object.entries forgets which is which.
    const run = body as (input: unknown, call: Call) => Promise<unknown>;
    df.app.activity(name, {
      extraInputs: [df.input.durableClient()],
      handler: async (input: unknown, context): Promise<Answer> => {
        const log = contextLog(context, { step: name });
        try {
          return {
            value: await run(input, {
              requestId: context.invocationId,
              caller: "lifeboat",
              reach: "all",
              runner: durableRunner(context),
              log,
            }),
          };
        } catch (error) {
          log.error("step threw", { error });
          return { threw: messageOf(error).slice(0, 2_000) };
        }
      },
    });
  }
};

export const registerWorkflows = (workflows: WorkflowBodies): void => {
  for (const [name, body] of Object.entries(workflows)) {
    // Safe for the same reason; and the runtime only ever reads what the SDK's own tasks yield.
    const run = body as (wf: Workflow, input: unknown) => WorkflowPart<void>;
    df.app.orchestration(name, function* (context: OrchestrationContext) {
      return yield* run(durableWorkflow(context), context.df.getInput());
    } as OrchestrationHandler);
  }
};

/** The verbs on the durable runtime. Every task is fresh and yielded once; groups follow one another. */
export const durableWorkflow = (context: OrchestrationContext): Workflow => ({
  call: (step, input) => callStep(context, step, input),
  *all(step, inputs, atATime) {
    const results = [];
    for (let start = 0; start < inputs.length; start += Math.max(1, atATime))
      results.push(...(yield* callGroup(context, step, inputs.slice(start, start + Math.max(1, atATime)))));
    return results;
  },
});

function* callStep<Name extends StepName>(
  context: OrchestrationContext,
  step: Name,
  input: StepInput<Name>,
  failed?: string,
): WorkflowPart<StepResult<Name>> {
  let reason = failed;
  for (const wait of reason === undefined ? [0, ...retryWaitsMs] : retryWaitsMs) {
    if (wait > 0) yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + wait));
    const answer = yield* attempt(context.df.callActivity(step, input));
    // Safe: the answer is what registerSteps made of this step's typed result.
    if ("value" in answer) return answer.value as StepResult<Name>;
    reason = answer.threw;
  }
  throw new StepFailed(step, reason ?? "");
}

function* callGroup<Name extends StepName>(
  context: OrchestrationContext,
  step: Name,
  inputs: readonly StepInput<Name>[],
): WorkflowPart<readonly StepResult<Name>[]> {
  const [only] = inputs;
  if (inputs.length === 1 && only !== undefined) return [yield* callStep(context, step, only)];
  if (inputs.length === 0) return [];
  let answers: readonly Answer[];
  try {
    // Safe: activities answer with Answer (registerSteps).
    answers = (yield context.df.Task.all(inputs.map((input) => context.df.callActivity(step, input)))) as Answer[];
  } catch {
    // The worker died under the group: which siblings finished cannot be told alike on both hosts, so all are asked again.
    answers = inputs.map(() => workerDied);
  }
  const results: StepResult<Name>[] = [];
  for (const [index, input] of inputs.entries()) {
    const answer = answers[index] ?? workerDied;
    // Safe: as above.
    results.push(
      "value" in answer ? (answer.value as StepResult<Name>) : yield* callStep(context, step, input, answer.threw),
    );
  }
  return results;
}

const workerDied: Answer = { threw: "The process that ran it ended." };

function* attempt(task: df.Task): WorkflowPart<Answer> {
  try {
    // Safe: activities answer with Answer (registerSteps).
    return (yield task) as Answer;
  } catch {
    // Its text is not read: it differs between hosts, and may hold stack traces.
    return workerDied;
  }
}
