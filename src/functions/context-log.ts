import type { InvocationContext } from "@azure/functions";
import type { Log } from "../ports/log.ts";

type LogContext = Pick<InvocationContext, "info" | "warn" | "error">;

/** The Log port on an invocation's own log: one line of words, then the fields as JSON. */
export const contextLog = (context: LogContext, always: Readonly<Record<string, unknown>> = {}): Log => {
  const line = (event: string, fields: Readonly<Record<string, unknown>> = {}): string =>
    `${event} ${JSON.stringify({ ...always, ...fields }, (_, value: unknown) => (value instanceof Error ? errorText(value) : value))}`;
  return {
    info: (event, fields) => context.info(line(event, fields)),
    warn: (event, fields) => context.warn(line(event, fields)),
    error: (event, fields) => context.error(line(event, fields)),
  };
};

const errorText = (error: Error): string =>
  error.stack + (error.cause instanceof Error ? `\ncaused by ${errorText(error.cause)}` : "");
