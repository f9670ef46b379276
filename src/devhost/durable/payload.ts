import { sanitize } from "./sanitize.ts";
import { messageOf } from "../message-of.ts";

/** JSON text of a value; what JSON cannot say (undefined, a function) is null, as everywhere in the runtime. */
export const jsonText = (value: unknown): string => JSON.stringify(value) ?? "null";

/** An activity's input as its trigger receives it. The SDK has put strings into JSON already; .NET prints booleans. */
export const activityInput = (input: unknown): string => {
  if (typeof input === "string") return input;
  if (typeof input === "boolean") return input ? "True" : "False";
  return jsonText(input);
};

export interface Failure {
  readonly reason: string;
  readonly details: string;
}

const maxStackLength = 4_000;

/** What an orchestrator is told of an activity that threw: the SDK makes `reason \n details` the error's message. */
export const activityFailure = (name: string, error: unknown): Failure => {
  const message = sanitize(messageOf(error));
  const stack = error instanceof Error ? sanitize(error.stack ?? "").slice(0, maxStackLength) : "";
  return {
    reason: `Activity function '${name}' failed:  ${message}`,
    details: JSON.stringify({
      $type: "System.Exception, System.Private.CoreLib",
      ClassName: "System.Exception",
      Message: ` ${message}`,
      RemoteStackTraceString: stack,
    }),
  };
};

/** What a parent is told of a child that ended without a result. */
export const childFailure = (output: string, message: string): Failure => ({
  reason: output,
  details: `Message: ${message}, StackTrace: `,
});
