import type { Installation } from "../operations/installation.ts";
import { backupRoutes } from "./backup-routes.ts";
import { browseRoutes } from "./browse-routes.ts";
import type { Route } from "./handle.ts";
import { planRoutes } from "./plan-routes.ts";
import { restoreRoutes } from "./restore-routes.ts";
import { siteRoutes } from "./site-routes.ts";

/** Everything callers may ask. docs/api.md has a row for each (tested both ways). */
export const routes = (deps: Installation): readonly Route[] => [
  ...siteRoutes(deps),
  ...backupRoutes(deps),
  ...restoreRoutes(deps),
  ...planRoutes(deps),
  ...browseRoutes(deps),
];
