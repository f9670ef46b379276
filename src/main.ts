import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileAudit } from "./adapters/audit/file-audit.ts";
import { logAudit } from "./adapters/audit/log-audit.ts";
import { readAdminKey } from "./adapters/callers/admin-key.ts";
import { entraTokens } from "./adapters/callers/entra-tokens.ts";
import { networkNotifier } from "./adapters/alarms/notifier.ts";
import { openSqliteCatalog } from "./adapters/catalog/sqlite.ts";
import { openTableCatalog } from "./adapters/catalog/table.ts";
import { mysqlTool } from "./adapters/databases/mysql/mysql-tool.ts";
import { findToolIn } from "./adapters/databases/find-tool.ts";
import { reachableTool } from "./adapters/databases/reachable-tool.ts";
import { postgresTool } from "./adapters/databases/postgresql/postgres-tool.ts";
import { sqlServerTool } from "./adapters/databases/sql-server/sql-server-tool.ts";
import { tediousClient } from "./adapters/databases/sql-server/tedious-client.ts";
import { openDestinations } from "./adapters/destination/open-destinations.ts";
import { ownContainer } from "./adapters/destination/own-container.ts";
import { ownIdentity } from "./adapters/destination/own-identity.ts";
import { diskRooms } from "./adapters/machine/disk-rooms.ts";
import { configuredRecovery } from "./adapters/secrets/configured-recovery.ts";
import { openRecoveryFolder } from "./adapters/secrets/recovery-folder.ts";
import { keySealer } from "./adapters/secrets/sealed.ts";
import {
  configuredSealingKeys,
  fileSealingKeys,
  fileSealingKeysAgain,
  givenFileSealingKeys,
  type SealingKeys,
} from "./adapters/secrets/sealing-keys.ts";
import { unchangingKeys, watchedKeys, type KeySource } from "./adapters/secrets/key-source.ts";
import { vaultSealingKeys } from "./adapters/secrets/vault-sealing-keys.ts";
import { localSiteHost } from "./adapters/site-files/local-site-host.ts";
import { localSites, type LocalSite } from "./adapters/sites/local-sites.ts";
import { accessTokens } from "./api/access-tokens.ts";
import { createCallers } from "./api/callers.ts";
import { createApi } from "./api/handle.ts";
import { withOpenApi } from "./api/open-api/with-open-api.ts";
import { openRoutes, routes } from "./api/routes.ts";
import { PackPool } from "./archive/pack-pool.ts";
import { readConfig, type Config } from "./config.ts";
import { pathFromText } from "./domain/byte-path.ts";
import { messageOf } from "./domain/errors.ts";
import { functionTimeoutMs } from "./domain/function-timeout.ts";
import { Secret } from "./domain/secret.ts";
import { lastErrors } from "./functions/context-log.ts";
import { registerSteps, registerWorkflows } from "./functions/durable.ts";
import { registerEnd } from "./functions/end.ts";
import { registerHttp } from "./functions/http.ts";
import { withBeats } from "./functions/step-beats.ts";
import { registerTimer } from "./functions/timers.ts";
import { afterBackup } from "./operations/after-backup.ts";
import { alignSchedules } from "./operations/align-schedules.ts";
import { hashKey, knownKeys, type KnownKey } from "./operations/known-keys.ts";
import { randomId, type AlarmPolicy, type Installation, type Policy } from "./operations/installation.ts";
import { noteSweep } from "./operations/health.ts";
import { purgeEndedRuns } from "./operations/purge-ended-runs.ts";
import { retainAll } from "./operations/retain-all.ts";
import { sendHeartbeat } from "./operations/send-heartbeat.ts";
import { sweep } from "./operations/sweep.ts";
import { tendAlarms } from "./operations/tend-alarms.ts";
import { tidy } from "./operations/tidy.ts";
import { watchRuns } from "./operations/watch-runs.ts";
import { watchNewSites } from "./operations/watch-sites.ts";
import { resealSecrets } from "./operations/reseal-secrets.ts";
import { takeUpRuns } from "./operations/take-up-runs.ts";
import type { Catalog } from "./ports/catalog.ts";
import type { Machine } from "./ports/machine.ts";
import { systemClock } from "./ports/clock.ts";
import type { Recovery } from "./ports/secrets.ts";
import type { LocalRoot } from "./ports/site-files.ts";
import type { SiteHost } from "./ports/site-host.ts";
import { backupSteps } from "./steps/backup-steps.ts";
import { clearScratch } from "./steps/clear-scratch.ts";
import { forgetExpiredUndos } from "./steps/forget-expired-undos.ts";
import { lookAgain } from "./steps/look-again.ts";
import { restoreSteps } from "./steps/restore-steps.ts";
import { verifyArchive } from "./steps/verify-archive.ts";
import { backupSite } from "./workflows/backup-site.ts";
import { deleteBackup } from "./workflows/delete-backup.ts";
import { restoreSite, undoRestore } from "./workflows/restore-site.ts";
import { verifyBackup } from "./workflows/verify-backup.ts";

/** The composition root: configuration -> adapters -> operations and steps -> registrations. Nothing else knows everybody. */
const config = readConfig(process.env);

const openCatalog = async ({ catalog, dataFolder }: Config): Promise<Catalog> => {
  if (catalog.kind === "sqlite") return openSqliteCatalog(join(dataFolder, "lifeboat.db"));
  const isEndpoint = catalog.connection.startsWith("https://");
  return openTableCatalog({
    connection: isEndpoint
      ? { endpoint: catalog.connection, credential: await ownIdentity() }
      : new Secret(catalog.connection),
    table: "lifeboat",
  });
};

const sealingKeys = async (from: Config): Promise<KeySource> => {
  if (from.sealingKeys !== undefined)
    return unchangingKeys(configuredSealingKeys(new Secret(from.sealingKeys), "LIFEBOAT_SEALING_KEYS"));
  if (from.keyVaultSecret !== undefined) {
    const look = vaultSealingKeys({ url: from.keyVaultSecret, identity: ownIdentity, now: () => systemClock.now() });
    const vault = watched(look, { freshForMs: 600_000, pauseMs: 30_000 });
    // It may be away for a while, and much needs no secret: it is asked again when one is wanted.
    vault.keys().catch((error: unknown) => console.error(messageOf(error)));
    return vault;
  }
  const path = from.sealingKeysFile ?? join(from.dataFolder, "sealing-keys");
  if (from.sealingKeysFile === undefined) await fileSealingKeys(path);
  const look = from.sealingKeysFile === undefined ? fileSealingKeysAgain : givenFileSealingKeys;
  const file = watched(() => look(path), { freshForMs: 10_000, pauseMs: 1_000 });
  await file.keys();
  return file;
};

const watched = (look: () => Promise<SealingKeys>, times: { readonly freshForMs: number; readonly pauseMs: number }) =>
  watchedKeys(look, {
    ...times,
    now: () => performance.now(),
    onProblem: (error) => console.warn(`${messageOf(error)} The keys known before go on serving.`),
  });

/** A folder that other instances do not see is no place for the key that opens everybody's backups. */
const recoveryOf = async ({ recoveryKey, catalog, dataFolder }: Config): Promise<Recovery> =>
  recoveryKey === undefined && catalog.kind === "sqlite"
    ? openRecoveryFolder(dataFolder)
    : configuredRecovery(recoveryKey === undefined ? undefined : new Secret(recoveryKey));

const warn = (message: string): void => console.warn(message);
const sites = localSites({
  folder: config.sitesFolder,
  sitesRoot: config.sitesRoot,
  siteRoots: config.siteRoots,
  dataFolder: config.dataFolder,
  warn,
});

const rootsOf = ({ home, wwwroot, directories }: LocalSite["content"]): readonly LocalRoot[] => [
  ...(home === undefined ? [] : [{ at: pathFromText(""), directory: home }]),
  ...(wwwroot === undefined ? [] : [{ at: pathFromText("site/wwwroot"), directory: wwwroot }]),
  ...Object.entries(directories).map(([name, directory]) => ({ at: pathFromText(name), directory })),
];

const hostOf = ({ content, settings }: LocalSite): SiteHost =>
  localSiteHost({
    roots: rootsOf(content),
    settings,
    lister: threads,
    ...(content.owner === undefined ? {} : { owner: content.owner }),
    ...(content.stop === undefined ? {} : { stopCommand: content.stop }),
    ...(content.start === undefined ? {} : { startCommand: content.start }),
  });

const findTool = findToolIn(config.databaseTools);
const databaseTools = [
  { engine: "PostgreSQL", name: "pg_dump" },
  { engine: "PostgreSQL", name: "pg_restore" },
  { engine: "MySQL or MariaDB", name: "mysqldump or mariadb-dump" },
  { engine: "SQL Server", name: "sqlpackage" },
] as const;

/** What runs in Azure has no disk of its own worth a look. */
const machine: Machine = {
  rooms: async () =>
    config.catalog.kind === "sqlite" ? diskRooms([config.dataFolder, config.sitesRoot, ...config.fileRoots]) : [],
  databaseTools: () =>
    databaseTools.map((tool) => ({
      ...tool,
      path: tool.name
        .split(" or ")
        .map(findTool)
        .find((path) => path !== undefined),
    })),
};

// Safe: the project's own file, which lies beside dist/ wherever that is deployed.
const versionOf = (file: URL): string => (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;

const mailOf = ({ mailServer, mailFrom }: Config["alarms"]) =>
  mailServer === undefined ? {} : { mail: { server: new Secret(mailServer), from: mailFrom } };

const alarmPolicy = ({ webhook, mailTo, missedIntervals, digestMinute, heartbeat }: Config["alarms"]): AlarmPolicy => ({
  channels: {
    ...(webhook === undefined
      ? {}
      : {
          webhook: {
            kind: "webhook",
            url: new Secret(webhook.url),
            form: webhook.form,
            ...(webhook.secret === undefined ? {} : { secret: new Secret(webhook.secret) }),
          },
        }),
    ...(mailTo.length === 0 ? {} : { mail: { kind: "mail", to: mailTo } }),
  },
  missedIntervals,
  ...(digestMinute === undefined ? {} : { digestMinute }),
  ...(heartbeat === undefined ? {} : { heartbeat: new Secret(heartbeat) }),
});

const policyOf = ({
  defaultDestination,
  undoDays,
  spreadMinutes,
  openRuns,
  runHours,
  alarms,
  ...optional
}: Config): Policy => {
  const { schedule, maxBackupBytes, backupsPerDay } = optional;
  return {
    defaultDestination,
    undoDays,
    spreadMinutes,
    openRuns,
    runHours,
    alarms: alarmPolicy(alarms),
    ...(schedule === undefined ? {} : { schedule }),
    ...(maxBackupBytes === undefined ? {} : { maxBackupBytes }),
    ...(backupsPerDay === undefined ? {} : { backupsPerDay }),
  };
};

const threads = new PackPool({
  threads: availableParallelism(),
  script: new URL("archive-worker.js", import.meta.url),
});

const adminKey = (id: string, secret: string): KnownKey => ({
  id,
  name: id,
  role: "admin",
  reach: "all",
  sha256: hashKey(secret),
});

const fixedKeys = ({ dataFolder, bootstrapKey }: Config): readonly KnownKey[] => {
  const key = readAdminKey(dataFolder);
  return [
    ...(key === undefined ? [] : [adminKey(key.id, key.secret)]),
    ...(bootstrapKey === undefined ? [] : [adminKey("bootstrap", bootstrapKey)]),
  ];
};

const catalog = await openCatalog(config);
const databaseNeeds = {
  findTool,
  token: async (scope: string): Promise<Secret> => {
    const token = await (await ownIdentity()).getToken(scope);
    if (token === null) throw new Error("The identity gave no token.");
    return new Secret(token.token);
  },
};
const stepLimit = functionTimeoutMs(
  readFileSync(new URL("../host.json", import.meta.url), "utf8"),
  process.env["AzureFunctionsJobHost__functionTimeout"],
);
const installation: Installation = {
  catalog,
  keys: knownKeys({ catalog, clock: systemClock, fixed: fixedKeys(config), warn }),
  sites,
  hosts: { host: async (id) => hostOf(await sites.local(id)) },
  destinations: openDestinations({ ...config, siteDirectories: () => sites.directories() }),
  databaseTools: {
    PostgreSql: reachableTool(postgresTool(databaseNeeds)),
    MySql: reachableTool(mysqlTool(databaseNeeds)),
    SqlServer: reachableTool(
      sqlServerTool({
        ...databaseNeeds,
        sql: tediousClient(databaseNeeds.token),
        workFolder: join(config.dataFolder, "work"),
      }),
    ),
  },
  scratch: ownContainer(new Secret(config.scratch)),
  sealer: keySealer(await sealingKeys(config)),
  recovery: await recoveryOf(config),
  threads,
  notifier: networkNotifier({ ...mailOf(config.alarms), outgoing: config }),
  machine,
  lastErrors,
  clock: systemClock,
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

const sweepDue = sweep(installation);
registerTimer(
  "zHousekeeping",
  "*/20 * * * * *",
  tidy({
    dead: watchRuns(installation, { isAlone: config.catalog.kind === "sqlite" }),
    open: takeUpRuns(installation),
    due: async (call) => {
      await sweepDue(call);
      await noteSweep(installation);
    },
  }),
);
registerTimer("zAlarms", "*/10 * * * * *", tendAlarms(installation));
registerTimer("zHeartbeat", "45 */5 * * * *", sendHeartbeat(installation));
registerTimer("zNewSites", "0 10 * * * *", watchNewSites(installation));
registerTimer("zReseal", "0 50 * * * *", async (call) => void (await resealSecrets(installation)(call)));
registerTimer("zRetention", "30 */10 * * * *", retainAll(installation, lookAgain(installation)));
registerTimer(
  "zTidy",
  "0 20 * * * *",
  tidy({
    schedules: alignSchedules(installation),
    runs: purgeEndedRuns(installation),
    scratch: clearScratch(installation),
  }),
);
registerTimer("zUndoEnds", "0 40 * * * *", forgetExpiredUndos(installation));

registerEnd(async () => {
  await threads.close();
  await installation.catalog.close();
});
