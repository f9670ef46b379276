import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileAudit } from "./adapters/audit/file-audit.ts";
import { logAudit } from "./adapters/audit/log-audit.ts";
import { entraTokens } from "./adapters/callers/entra-tokens.ts";
import { networkNotifier } from "./adapters/alarms/notifier.ts";
import { openDestinations } from "./adapters/destination/open-destinations.ts";
import { ownContainer } from "./adapters/destination/own-container.ts";
import { keySealer } from "./adapters/secrets/sealed.ts";
import { localSites } from "./adapters/sites/local-sites.ts";
import { accessTokens } from "./api/callers/access-tokens.ts";
import { createCallers } from "./api/callers/callers.ts";
import { createApi } from "./api/handle.ts";
import { withOpenApi } from "./api/open-api/with-open-api.ts";
import { openRoutes, routes } from "./api/routes.ts";
import { PackPool } from "./archive/threads/pack-pool.ts";
import { readConfig, type Config } from "./config.ts";
import { functionTimeoutMs } from "./domain/function-timeout.ts";
import { lastErrors } from "./functions/context-log.ts";
import { registerSteps, registerWorkflows } from "./functions/durable.ts";
import { registerEnd } from "./functions/end.ts";
import { registerHttp } from "./functions/http.ts";
import { withBeats } from "./functions/step-beats.ts";
import { afterBackup } from "./operations/sweeps/after-backup.ts";
import { knownKeys } from "./operations/keys/known-keys.ts";
import { randomId, type Installation } from "./operations/installation.ts";
import { RunsAtWork } from "./operations/runs/runs-at-work.ts";
import { systemClock } from "./ports/clock.ts";
import { backupSteps } from "./steps/backup/backup-steps.ts";
import { restoreSteps } from "./steps/restore/restore-steps.ts";
import { verifyArchive } from "./steps/verify/verify-archive.ts";
import { backupSite } from "./workflows/backup-site.ts";
import { deleteBackup } from "./workflows/delete-backup.ts";
import { restoreSite, undoRestore } from "./workflows/restore-site.ts";
import { verifyBackup } from "./workflows/verify-backup.ts";
import { databaseTools } from "./wiring/databases.ts";
import { fixedKeys } from "./wiring/fixed-keys.ts";
import { machineOf } from "./wiring/machine.ts";
import { policyOf } from "./wiring/policy.ts";
import { sealingKeys } from "./wiring/sealing-keys.ts";
import { hostOf } from "./wiring/site-hosts.ts";
import { openCatalog, recoveryOf } from "./wiring/stores.ts";
import { registerTimers } from "./wiring/timers.ts";

/** The composition root: configuration -> adapters -> operations and steps -> registrations. Nothing else knows everybody. */
const config = readConfig(process.env);

const warn = (message: string): void => console.warn(message);
const sites = localSites({
  folder: config.sitesFolder,
  sitesRoot: config.sitesRoot,
  siteRoots: config.siteRoots,
  dataFolder: config.dataFolder,
  warn,
});

// Safe: the project's own file, which lies beside dist/ wherever that is deployed.
const versionOf = (file: URL): string => (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;

const mailOf = ({ mailServer, mailFrom }: Config["alarms"]) =>
  mailServer === undefined ? {} : { mail: { server: mailServer, from: mailFrom } };

const threads = new PackPool({
  threads: availableParallelism(),
  script: new URL("archive-worker.js", import.meta.url),
  level: config.compression,
});

const catalog = await openCatalog(config);
const stepLimit = functionTimeoutMs(
  readFileSync(new URL("../host.json", import.meta.url), "utf8"),
  process.env["AzureFunctionsJobHost__functionTimeout"],
);
const installation: Installation = {
  catalog,
  keys: knownKeys({ catalog, clock: systemClock, fixed: fixedKeys(config), warn }),
  sites,
  hosts: { host: async (id) => hostOf(await sites.local(id), threads) },
  destinations: openDestinations({ ...config, siteDirectories: () => sites.directories() }),
  databaseTools: databaseTools(config),
  scratch: ownContainer(config.scratch),
  sealer: keySealer(await sealingKeys(config, warn)),
  recovery: await recoveryOf(config),
  threads,
  notifier: networkNotifier({ ...mailOf(config.alarms), outgoing: config, clock: systemClock }),
  machine: machineOf(config),
  runsAtWork: new RunsAtWork(),
  lastErrors,
  clock: systemClock,
  ...(config.catalog.kind === "table" && config.hub !== undefined ? { hub: config.hub } : {}),
  newId: randomId,
  policy: { ...policyOf(config), ...(stepLimit === undefined ? {} : { functionTimeoutMs: stepLimit }) },
  version: versionOf(new URL("../package.json", import.meta.url)),
};

const tokens = accessTokens(installation);
const { proxies, entra } = config;
const foreign = entra === undefined ? {} : { foreign: entraTokens(entra, { clock: systemClock, warn }) };
const callers = createCallers({ ...installation, ...foreign, tokens, proxies });

// Where instances share the catalog they come and go, and a file would go with them.
const audit = config.catalog.kind === "sqlite" ? fileAudit(config.dataFolder) : logAudit;

const tables = { routes: routes(installation), openRoutes: openRoutes({ callers, tokens }) };
registerHttp(
  createApi({
    ...withOpenApi({ ...tables, version: installation.version }),
    callers,
    audit,
    clock: systemClock,
  }),
);
registerSteps(
  withBeats(installation, {
    ...backupSteps(installation),
    afterBackup: afterBackup(installation),
    ...restoreSteps(installation),
    verifyArchive: verifyArchive(installation),
  }),
);
registerWorkflows({ backupSite, restoreSite, undoRestore, deleteBackup, verifyBackup });

registerTimers(installation, { isAlone: config.catalog.kind === "sqlite" });

registerEnd(async () => {
  await threads.close();
  await installation.catalog.close();
});
