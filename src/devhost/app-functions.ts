import type { Environment } from "./app-settings.ts";
import type { RegisteredFunction } from "./core.ts";
import { type HttpFunction, httpFunction } from "./http/http-function.ts";
import type { Log } from "./log.ts";
import { type TimerFunction, timerFunction } from "./timers/timer-function.ts";
import { triggerOf } from "./triggers.ts";
import { messageOf } from "./message-of.ts";

/** The functions of an app by what starts them. Keys of the maps are lower case. */
export type AppFunctions = {
  readonly http: readonly HttpFunction[];
  readonly timers: readonly TimerFunction[];
  readonly orchestrators: ReadonlyMap<string, RegisteredFunction>;
  readonly activities: ReadonlyMap<string, RegisteredFunction>;
};

type AppFunctionsOptions = {
  readonly functions: Iterable<RegisteredFunction>;
  readonly routePrefix: string;
  readonly environment: Environment;
  readonly log: Log;
};

const isDisabled = (name: string, environment: Environment): boolean =>
  /^(?:true|1)$/i.test(
    environment[`AzureWebJobs.${name}.Disabled`] ?? environment[`AzureWebJobs_${name}_Disabled`] ?? "",
  );

/**
 * Sorts an app's functions. One with a mistake in its trigger, or a trigger this host does not run, is left out with a
 * message, and the rest of the app runs: so does the real host.
 */
export const sortFunctions = ({ functions, routePrefix, environment, log }: AppFunctionsOptions): AppFunctions => {
  const http: HttpFunction[] = [];
  const timers: TimerFunction[] = [];
  const orchestrators = new Map<string, RegisteredFunction>();
  const activities = new Map<string, RegisteredFunction>();
  const add = (called: RegisteredFunction): void => {
    const trigger = triggerOf(called);
    const key = called.metadata.name.toLowerCase();
    if (trigger.binding.type === "httpTrigger") http.push(httpFunction(called, trigger, routePrefix));
    else if (trigger.binding.type === "timerTrigger") timers.push(timerFunction(called, trigger, environment));
    else if (trigger.binding.type === "orchestrationTrigger") orchestrators.set(key, called);
    else if (trigger.binding.type === "activityTrigger") activities.set(key, called);
    else throw new Error(`This host does not run functions with a ${trigger.binding.type}.`);
  };
  for (const called of functions) {
    const { name } = called.metadata;
    if (isDisabled(name, environment)) {
      log("information", "Host.Startup", `Function ${name} is disabled.`);
      continue;
    }
    try {
      add(called);
    } catch (error) {
      const reason = messageOf(error);
      log("error", "Host.Startup", `The '${name}' function is in error and is left out: ${reason}`);
    }
  }
  return { http, timers, orchestrators, activities };
};
