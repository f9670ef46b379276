import { messageOf } from "../message-of.ts";
/** What an orchestrator wants, read from what durable-functions answers. Parsed here, trusted everywhere else. */

export type Action =
  | { readonly kind: "activity"; readonly name: string; readonly input: unknown }
  | { readonly kind: "child"; readonly name: string; readonly input: unknown; readonly instanceId: string | undefined }
  | { readonly kind: "timer"; readonly fireAt: number }
  | { readonly kind: "all"; readonly actions: readonly Action[] };

export interface Answer {
  /** Every action since the start, in the order of the yields. */
  readonly actions: readonly Action[];
  readonly isDone: boolean;
  readonly output: unknown;
  /** The message of what the orchestrator threw. */
  readonly error: string | undefined;
  readonly customStatus: unknown;
}

/** The orchestrator used something this host cannot do. */
class Unsupported extends Error {
  override readonly name = "Unsupported";

  constructor(what: string) {
    super(`${what} is not supported by this host. It has activities, Task.all, timers and sub-orchestrations.`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;

/** By actionType; the ones missing here are supported. */
const unsupported: Readonly<Record<number, string>> = {
  1: "callActivityWithRetry",
  3: "callSubOrchestratorWithRetry",
  4: "continueAsNew",
  6: "waitForExternalEvent",
  7: "callEntity",
  8: "callHttp",
  9: "signalEntity",
  10: "signalEntity with a time",
  11: "Task.any",
  13: "lock",
  14: "the release of a lock",
};

const text = (fields: Fields, key: string): string => {
  const value = fields[key];
  if (typeof value === "string") return value;
  throw new Error(`The answer of the orchestrator has no text in "${key}".`);
};

const timer = (fields: Fields): Action => {
  if (fields["isCanceled"] === true) throw new Unsupported("A canceled timer");
  const fireAt = Date.parse(String(fields["fireAt"]));
  if (Number.isNaN(fireAt)) throw new Error("createTimer was given an invalid date.");
  return { kind: "timer", fireAt };
};

const child = (fields: Fields): Action => {
  const instanceId = fields["instanceId"];
  return {
    kind: "child",
    name: text(fields, "functionName"),
    input: fields["input"],
    instanceId: typeof instanceId === "string" && instanceId !== "" ? instanceId : undefined,
  };
};

const action = (fields: unknown): Action => {
  if (!isFields(fields)) throw new Error("The answer of the orchestrator holds an action that is not an object.");
  switch (fields["actionType"]) {
    case 0:
      return { kind: "activity", name: text(fields, "functionName"), input: fields["input"] };
    case 2:
      return child(fields);
    case 5:
      return timer(fields);
    case 12:
      return { kind: "all", actions: actionsOf(fields["compoundActions"]) };
    default:
      throw new Unsupported(unsupported[Number(fields["actionType"])] ?? `Action type ${String(fields["actionType"])}`);
  }
};

const actionsOf = (list: unknown): readonly Action[] => {
  if (!Array.isArray(list)) throw new Error("The answer of the orchestrator has no list of actions.");
  return list.map(action);
};

const answer = (state: unknown): Answer => {
  if (!isFields(state)) throw new Error("The orchestrator did not answer with its state.");
  const error = state["error"];
  return {
    actions: actionsOf(Array.isArray(state["actions"]) ? state["actions"].flat() : undefined),
    isDone: state["isDone"] === true,
    output: state["output"],
    error: typeof error === "string" ? error : undefined,
    customStatus: state["customStatus"],
  };
};

/** Reads an OrchestratorState. Throws Unsupported for what this host cannot do. */
export const parseAnswer = (state: unknown): Answer => answer(state);

const stateLabel = "$OutOfProcData$:";

/** Reads the state that durable-functions packs into the error of an orchestrator that threw. */
export const parseThrown = (thrown: unknown): Answer => {
  const message = messageOf(thrown);
  const start = message.indexOf(stateLabel);
  if (start < 0) return { actions: [], isDone: false, output: undefined, error: message, customStatus: undefined };
  const parsed = answer(JSON.parse(message.slice(start + stateLabel.length)));
  return { ...parsed, error: parsed.error ?? "" };
};
