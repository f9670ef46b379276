import type { Installation } from "../operations/installation.ts";
import { accountRoutes } from "./account-routes.ts";
import { alarmRoutes } from "./alarm-routes.ts";
import { backupRoutes } from "./backup-routes.ts";
import { browseRoutes } from "./browse-routes.ts";
import type { OpenRoute, Route } from "./handle.ts";
import { keyRoutes } from "./key-routes.ts";
import { healthRoutes } from "./health-routes.ts";
import { loginRoutes, type LoginDeps } from "./login-routes.ts";
import { planRoutes } from "./plan-routes.ts";
import { json } from "./response.ts";
import { restoreRoutes } from "./restore-routes.ts";
import { siteConfigurationRoutes } from "./site-configuration-routes.ts";
import { siteDescriptionRoutes } from "./site-description-routes.ts";
import { siteRoutes } from "./site-routes.ts";
import { installationRoutes } from "./installation-routes.ts";

/** Everything callers may ask. docs/api.md has a row for each (tested both ways). */
export const routes = (deps: Installation): readonly Route[] => [
  ...accountRoutes(deps),
  ...siteRoutes(deps),
  ...siteConfigurationRoutes(deps),
  ...backupRoutes(deps),
  ...restoreRoutes(deps),
  ...planRoutes(deps),
  ...browseRoutes(deps),
  ...keyRoutes(deps),
  ...installationRoutes(deps),
  ...siteDescriptionRoutes(deps),
  ...alarmRoutes(deps),
  ...healthRoutes(deps),
];

/** What needs no key. docs/api.md lists these too. */
export const openRoutes = (deps: LoginDeps): readonly OpenRoute[] => [
  {
    name: "isAlive",
    method: "GET",
    path: "/healthz",
    handle: async () => json(200, { status: "alive" }),
  },
  ...loginRoutes(deps),
];
