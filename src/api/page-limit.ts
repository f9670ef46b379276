import { refuse } from "../domain/errors.ts";
import { queryOf, type RouteCall } from "./handle.ts";

const mostInPage = 50_000;

/** How many entries the caller wants in one answer: `?limit=`, 1,000 when he does not say. */
export const limitOf = (call: RouteCall): number => {
  const text = queryOf(call, "limit") ?? "1000";
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > mostInPage)
    throw refuse("InvalidField", {
      field: "limit",
      reason: `"${text}" is not a whole number from 1 to ${mostInPage}.`,
    });
  return limit;
};
