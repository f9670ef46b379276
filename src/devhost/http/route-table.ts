import type { HttpFunction } from "./http-function.ts";
import { matchRoute, type RouteValues } from "./match-route.ts";
import { compareNames } from "../triggers.ts";

type RouteMatch = { readonly target: HttpFunction; readonly values: RouteValues };

/** Finds the function for a method and a decoded path. */
export type RouteTable = (method: string, path: string) => RouteMatch | undefined;

/**
 * Orders functions by name; the first whose method and route fit wins. There is no rank by specificity, and a method
 * that does not fit is as good as no route.
 */
export const createRouteTable = (functions: readonly HttpFunction[]): RouteTable => {
  const ordered = functions.toSorted((left, right) => compareNames(left.name, right.name));
  return (method, path) => {
    const local = path.slice(1);
    for (const target of ordered) {
      if (!target.methods.includes(method)) continue;
      const values = matchRoute(target.route, local);
      if (values) return { target, values };
    }
    return undefined;
  };
};
