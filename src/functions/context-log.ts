import type { InvocationContext } from "@azure/functions";
import type { Log, LoggedError } from "../ports/log.ts";

const mostRemembered = 10;
const remembered: LoggedError[] = [];

/** What this process has told as errors lately, the newest last: for whoever asks whether it is well. */
export const lastErrors = (): readonly LoggedError[] => [...remembered];

const remember = (event: string): void => {
  remembered.push({ at: new Date().toISOString(), event });
  if (remembered.length > mostRemembered) remembered.shift();
};

type LogContext = Pick<InvocationContext, "info" | "warn" | "error">;

/** The Log port on an invocation's own log: one line of words, then the fields as JSON. */
export const contextLog = (context: LogContext, always: Readonly<Record<string, unknown>> = {}): Log => {
  const line = (event: string, fields: Readonly<Record<string, unknown>> = {}): string =>
    `${event} ${JSON.stringify({ ...always, ...fields }, (_, value: unknown) => (value instanceof Error ? errorText(value) : value))}`;
  return {
    info: (event, fields) => context.info(line(event, fields)),
    warn: (event, fields) => context.warn(line(event, fields)),
    error: (event, fields) => {
      remember(event);
      context.error(line(event, fields));
    },
  };
};

const errorText = (error: Error): string =>
  error.stack + (error.cause instanceof Error ? `\ncaused by ${errorText(error.cause)}` : "");
