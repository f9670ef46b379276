import type { Environment } from "../app-settings.ts";
import { resolveSettings } from "../app-settings.ts";
import type { RegisteredFunction } from "../core.ts";
import { retryPolicy, type RetryPolicy } from "../retry-policy.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";
import { clientInputsOf, type Trigger } from "../triggers.ts";

/** A timer function, read once at start-up. */
export type TimerFunction = {
  readonly called: RegisteredFunction;
  readonly name: string;
  readonly triggerName: string;
  readonly clientInputs: readonly string[];
  readonly schedule: Schedule;
  readonly runOnStartup: boolean;
  readonly useMonitor: boolean;
  readonly retry: RetryPolicy | undefined;
};

/** Reads the timer trigger of a function; throws when the real host would drop the function. */
export const timerFunction = (
  called: RegisteredFunction,
  trigger: Trigger,
  environment: Environment,
): TimerFunction => {
  const { name, retryOptions } = called.metadata;
  const given = trigger.binding["schedule"];
  const text = resolveSettings(typeof given === "string" ? given : "", environment, `The schedule of timer ${name}`);
  const schedule = parseSchedule(text);
  if (!schedule)
    throw new Error(
      `The schedule expression "${text}" was not recognized as a valid cron expression or timespan string.`,
    );
  return {
    called,
    name,
    triggerName: trigger.name,
    clientInputs: clientInputsOf(called),
    schedule,
    runOnStartup: trigger.binding["runOnStartup"] === true,
    useMonitor: trigger.binding["useMonitor"] !== false,
    retry: retryPolicy(retryOptions, Math.random),
  };
};
