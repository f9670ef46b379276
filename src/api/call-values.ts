import { refuse } from "../domain/errors.ts";
import type { RouteCall } from "./handle.ts";

/** What a call says in its path and its query, as values; what cannot be understood is refused. */

/** A query value by name, ignoring the name's case. */
export const queryOf = (call: RouteCall, wanted: string): string | undefined => {
  for (const [name, value] of call.request.url.searchParams)
    if (name.toLowerCase() === wanted.toLowerCase()) return value;
  return undefined;
};

/** The one of the words that the query has under this name; the first where it has none. */
export const oneOf = <Word extends string>(call: RouteCall, field: string, words: readonly [Word, ...Word[]]): Word => {
  const text = (queryOf(call, field) ?? words[0]).toLowerCase();
  const word = words.find((one) => one === text);
  if (word === undefined) throw refuse("InvalidField", { field, reason: `"${text}" is none of ${words.join(", ")}.` });
  return word;
};

const mostInList = 50_000;

/** How many entries the caller wants in one answer: `?limit=`, 1,000 when he does not say. */
export const limitOf = (call: RouteCall): number => countOf(call, "limit", mostInList) ?? 1_000;

export const countOf = (call: RouteCall, field: string, most: number): number | undefined => {
  const text = queryOf(call, field);
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > most)
    throw refuse("InvalidField", { field, reason: `"${text}" is not a whole number from 1 to ${most}.` });
  return count;
};

/** Undefined: it is not a backup's number. */
export const backupNumber = (text: string): number | undefined => (/^\d{1,10}$/.test(text) ? Number(text) : undefined);

/** The id in a restore's path means nothing (clients send 0 or 1); it chooses only where the body names no blob. */
export const backupInPath = (call: RouteCall): number | undefined => backupNumber(call.parameters["backupId"] ?? "");

export const backupIdOf = (call: RouteCall): number => {
  const id = backupInPath(call);
  if (id !== undefined) return id;
  const text = call.parameters["backupId"] ?? "";
  throw refuse("InvalidField", { field: "backupId", reason: `"${text}" is not the number of a backup.` });
};

export const operationIdOf = (call: RouteCall): string => {
  const id = call.parameters["operationId"] ?? "";
  if (!/^[A-Za-z0-9-]{1,100}$/.test(id))
    throw refuse("InvalidField", { field: "operationId", reason: `"${id}" is not an operation's id.` });
  return id;
};
