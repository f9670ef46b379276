import type { RegisteredFunction } from "../core.ts";
import { clientInputsOf, type Trigger } from "../triggers.ts";
import type { RouteSegment } from "./route-template.ts";
import { parseRouteTemplate } from "./route-template.ts";

type AuthLevel = "anonymous" | "function" | "admin";

/** An HTTP function, read once at start-up. */
export type HttpFunction = {
  readonly called: RegisteredFunction;
  readonly name: string;
  readonly triggerName: string;
  readonly clientInputs: readonly string[];
  /** Upper case. */
  readonly methods: readonly string[];
  readonly authLevel: AuthLevel;
  readonly route: readonly RouteSegment[];
  /** As written, with the prefix. */
  readonly template: string;
};

const authLevel = (value: unknown): AuthLevel => {
  const level = typeof value === "string" ? value.toLowerCase() : "anonymous";
  if (level !== "anonymous" && level !== "function" && level !== "admin")
    throw new Error(`"${level}" is not an authorization level. Use anonymous, function or admin.`);
  return level;
};

/** Reads the HTTP trigger of a function; throws when the real host would drop the function. */
export const httpFunction = (called: RegisteredFunction, trigger: Trigger, prefix: string): HttpFunction => {
  const { name } = called.metadata;
  const { route, methods } = trigger.binding;
  const own = typeof route === "string" && route !== "" ? route : name;
  if (/^\/?(?:admin|runtime)/i.test(own))
    throw new Error("The specified route conflicts with one or more built in routes.");
  const template = prefix === "" ? own : `${prefix}/${own}`;
  return {
    called,
    name,
    triggerName: trigger.name,
    clientInputs: clientInputsOf(called),
    methods: Array.isArray(methods) ? methods.map((method) => String(method).toUpperCase()) : ["GET", "POST"],
    authLevel: authLevel(trigger.binding["authLevel"]),
    route: parseRouteTemplate(template),
    template,
  };
};
