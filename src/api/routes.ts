import type { Installation } from "../operations/installation.ts";
import { accountRoutes } from "./routes/account-routes.ts";
import { alarmRoutes } from "./routes/alarm-routes.ts";
import { backupRoutes } from "./routes/backup-routes.ts";
import { browseRoutes } from "./routes/browse-routes.ts";
import type { OpenRoute, Route } from "./handle.ts";
import { keyRoutes } from "./routes/key-routes.ts";
import { healthRoutes } from "./routes/health-routes.ts";
import { loginRoutes, type LoginDeps } from "./routes/login-routes.ts";
import { planRoutes } from "./routes/plan-routes.ts";
import { json } from "./response.ts";
import { restoreRoutes } from "./routes/restore-routes.ts";
import { siteConfigurationRoutes } from "./routes/site-configuration-routes.ts";
import { siteDescriptionRoutes } from "./routes/site-description-routes.ts";
import { siteRoutes } from "./routes/site-routes.ts";
import { installationRoutes } from "./routes/installation-routes.ts";

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
