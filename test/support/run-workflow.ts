import type { Call } from "../../src/ports/call.ts";
import type { StepInput, StepName, StepResult } from "../../src/workflows/contract.ts";
import { StepFailed, type Workflow, type WorkflowPart } from "../../src/workflows/workflow.ts";

type Bodies = { readonly [Name in StepName]?: (input: StepInput<Name>, call: Call) => Promise<StepResult<Name>> };

/** Runs a workflow on real steps in this process, each tried twice; `steps` tells which ran, in the order of their ends. */
export const runWorkflow = async <Result>(
  bodies: Bodies,
  call: Call,
  body: (wf: Workflow) => WorkflowPart<Result>,
): Promise<{ readonly result: Result; readonly steps: readonly StepName[] }> => {
  const steps: StepName[] = [];
  const attempt = async <Name extends StepName>(step: Name, input: StepInput<Name>): Promise<StepResult<Name>> => {
    const run = bodies[step];
    if (run === undefined) throw new Error(`There is no step ${step} in this test.`);
    const result = await run(input, call).catch(() => run(input, call));
    steps.push(step);
    return result;
  };
  const named = async <Name extends StepName>(step: Name, input: StepInput<Name>): Promise<StepResult<Name>> =>
    attempt(step, input).catch((error: unknown) => {
      throw new StepFailed(step, error instanceof Error ? error.message : String(error));
    });
  const wf: Workflow = {
    // Safe: what is yielded comes back awaited, with its own type.
    *call(step, input) {
      return (yield named(step, input)) as StepResult<typeof step>;
    },
    *all(step, inputs) {
      return (yield Promise.all(inputs.map((input) => named(step, input)))) as StepResult<typeof step>[];
    },
  };
  const part = body(wf);
  let next = part.next();
  while (next.done !== true) {
    let settled: { readonly value: unknown } | { readonly error: unknown };
    try {
      settled = { value: await next.value };
    } catch (error) {
      settled = { error };
    }
    next = "error" in settled ? part.throw(settled.error) : part.next(settled.value);
  }
  return { result: next.value, steps };
};
