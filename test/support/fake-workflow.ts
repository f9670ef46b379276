import type { StepInput, StepName, StepResult } from "../../src/workflows/contract.ts";
import { StepFailed, type Workflow, type WorkflowPart } from "../../src/workflows/workflow.ts";

type Bodies = { readonly [Name in StepName]?: (input: StepInput<Name>) => StepResult<Name> };

/** A workflow whose steps are plain functions; what is not given succeeds with nothing more than `ok`. Records its calls. */
export const fakeWorkflow = (bodies: Bodies) => {
  const calls: { readonly step: StepName; readonly input: unknown }[] = [];
  const answer = <Name extends StepName>(step: Name, input: StepInput<Name>): StepResult<Name> => {
    calls.push({ step, input });
    const body = bodies[step];
    try {
      // Safe in tests: a step without a body of its own needs none of the result's further members.
      return body === undefined ? ({ ok: true } as StepResult<Name>) : body(input);
    } catch (error) {
      throw new StepFailed(step, error instanceof Error ? error.message : String(error));
    }
  };
  const wf: Workflow = {
    *call(step, input) {
      return answer(step, input);
    },
    *all(step, inputs) {
      return inputs.map((input) => answer(step, input));
    },
  };
  return { wf, calls, steps: () => calls.map((call) => call.step) };
};

/** Runs a workflow to its end: the fake's parts yield nothing. */
export const finish = <Result>(part: WorkflowPart<Result>): Result => {
  const { done, value } = part.next();
  if (done !== true) throw new Error("The workflow waits for something.");
  return value;
};
