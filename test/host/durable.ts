import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Line } from "../fixtures/host-app/src/orchestrators.ts";
import { type Answer, post } from "./call.ts";

/** An instance as the durable client shows it. */
export type Status = {
  readonly name: string;
  readonly instanceId: string;
  readonly runtimeStatus: string;
  readonly input: unknown;
  readonly output: unknown;
  readonly customStatus: unknown;
  readonly createdTime: string;
  readonly lastUpdatedTime: string;
};

/** Lets the fixture call its durable client; rejects with the client's message when the client rejected. */
export const client = async <Value = unknown>(operation: string, given: object): Promise<Value> => {
  const answer: Answer = await post(`/durable/${operation}`, { body: JSON.stringify(given) });
  const { value, error } = answer.json<{ readonly value: Value; readonly error?: string }>();
  if (error !== undefined) throw new Error(error);
  return value;
};

export const statusOf = (id: string, options: object = {}): Promise<Status> => client("status", { id, options });

/** Starts an orchestration under a fresh id, or the given one. */
export const start = async (name: string, given: { readonly instanceId?: string; readonly input?: unknown } = {}) =>
  client<string>("start", { name, instanceId: randomUUID(), ...given });

const isOpen = ({ runtimeStatus }: Status): boolean => runtimeStatus === "Running" || runtimeStatus === "Pending";

export const untilEnded = async (id: string): Promise<Status> => {
  for (;;) {
    const status = await statusOf(id);
    if (!isOpen(status)) return status;
    await pause(10);
  }
};

/** Runs an orchestration to its end. */
export const run = async (name: string, given: { readonly instanceId?: string; readonly input?: unknown } = {}) =>
  untilEnded(await start(name, given));

/** Runs what the lines say to its end. */
export const runLines = (...lines: readonly Line[]): Promise<Status> => run("script", { input: lines });

/** Starts what the lines say. */
export const startLines = (...lines: readonly Line[]): Promise<string> => start("script", { input: lines });
