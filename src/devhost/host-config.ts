import { availableParallelism } from "node:os";
import { type Environment, readJsonFile, resolveSettings } from "./app-settings.ts";
import { HostFailure } from "./host-failure.ts";
import { parseTimeSpan } from "./time-span.ts";

/** What this host reads of host.json; everything else in it is the cloud's. */
export type HostConfig = {
  readonly functionTimeoutMs: number;
  readonly routePrefix: string;
  readonly hubName: string;
  readonly maxConcurrentActivities: number;
  readonly maxConcurrentOrchestrators: number;
};

const defaultTimeoutMs = 30 * 60_000;

type Lookup = {
  readonly at: (path: string) => unknown;
  readonly problem: (path: string, expected: string) => HostFailure;
};

const lookupIn = (file: string, host: Record<string, unknown>, environment: Environment): Lookup => ({
  at: (path) => {
    let value: unknown = host;
    // The file was parsed from JSON, so whatever has members is a plain object or an array.
    for (const key of path.split(".")) value = (value as Record<string, unknown> | null | undefined)?.[key];
    return typeof value === "string" ? resolveSettings(value, environment, `"${path}" in ${file}`) : value;
  },
  problem: (path, expected) => new HostFailure(`"${path}" in ${file} is not ${expected}. Correct the file.`),
});

const count = ({ at, problem }: Lookup, path: string): number | undefined => {
  const value = at(path);
  if (value === undefined || value === -1) return undefined;
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < 1)
    throw problem(path, "a whole number above 0");
  return number;
};

const text = ({ at, problem }: Lookup, path: string): string | undefined => {
  const value = at(path);
  if (value !== undefined && typeof value !== "string") throw problem(path, "a text");
  return value;
};

const timeoutMs = (lookup: Lookup): number => {
  const value = text(lookup, "functionTimeout");
  if (value === undefined) return defaultTimeoutMs;
  if (value === "-1") return Number.POSITIVE_INFINITY;
  const parsed = parseTimeSpan(value);
  if (parsed === undefined || parsed <= 0) throw lookup.problem("functionTimeout", "a time span such as 00:10:00");
  return parsed;
};

const hubName = (lookup: Lookup): string => {
  const path = "extensions.durableTask.hubName";
  const name = text(lookup, path) ?? "TestHubName";
  if (!/^[a-z][a-z\d]{2,44}$/i.test(name)) throw lookup.problem(path, "3 to 45 letters and digits, a letter first");
  return name;
};

/** Reads host.json of the app in `file`; a missing file means defaults. Throws a HostFailure that names what is wrong. */
export const readHostConfig = (file: string, environment: Environment): HostConfig => {
  const lookup = lookupIn(file, readJsonFile(file) ?? { version: "2.0" }, environment);
  if (lookup.at("version") !== "2.0") throw lookup.problem("version", '"2.0"');
  const perCore = 10 * availableParallelism();
  return {
    functionTimeoutMs: timeoutMs(lookup),
    routePrefix: (text(lookup, "extensions.http.routePrefix") ?? "api").replaceAll(/^\/|\/$/g, ""),
    hubName: hubName(lookup),
    maxConcurrentActivities: count(lookup, "extensions.durableTask.maxConcurrentActivityFunctions") ?? perCore,
    maxConcurrentOrchestrators: count(lookup, "extensions.durableTask.maxConcurrentOrchestratorFunctions") ?? perCore,
  };
};
