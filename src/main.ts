import { readAdminKey } from "./adapters/callers/admin-key.ts";
import { localSites } from "./adapters/sites/local-sites.ts";
import { hashKey, type KeyHash } from "./api/callers.ts";
import { createApi } from "./api/handle.ts";
import { siteRoutes } from "./api/site-routes.ts";
import { readConfig, type Config } from "./config.ts";
import { registerHttp } from "./functions/http.ts";
import { registerTimer } from "./functions/timers.ts";

/** The composition root: configuration -> adapters -> operations -> registrations. Nothing else knows everybody. */
const config = readConfig(process.env);

const sites = localSites({
  folder: config.sitesFolder,
  sitesRoot: config.sitesRoot,
  warn: (message) => console.warn(message),
});

const keysOf = (from: Config): readonly KeyHash[] => {
  const key = readAdminKey(from.dataFolder);
  return [
    ...(key === undefined ? [] : [{ id: key.id, role: "admin" as const, sha256: hashKey(key.secret) }]),
    ...(from.bootstrapKey === undefined
      ? []
      : [{ id: "bootstrap", role: "admin" as const, sha256: hashKey(from.bootstrapKey) }]),
  ];
};

const keys = keysOf(config);

registerHttp(createApi({ routes: siteRoutes({ sites }), keys: async () => keys }));

registerTimer("zSitesCheck", "0 0 * * * *", async (log) => {
  // Reading them all is the check: a site file that cannot be understood is told in the log before a backup needs it.
  log.info("sites are known", { sites: (await sites.list()).length });
});
