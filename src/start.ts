import { existsSync, readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { adminKeyFile, ensureAdminKey, readAdminKey } from "./adapters/callers/admin-key.ts";
import { describeExample, exampleName, hasNoSites, makeExample } from "./adapters/sites/example-site.ts";
import { makeFolder } from "./adapters/machine/make-folder.ts";
import { nodeProblem } from "./adapters/machine/node-version.ts";
import { ownHub } from "./adapters/machine/own-hub.ts";
import { consoleLine } from "./adapters/console/console-line.ts";
import { quietTroubles } from "./adapters/console/quiet-troubles.ts";
import { announceService } from "./adapters/service-file/announce-service.ts";
import { CertificateUnusable, givenCertificate } from "./adapters/tls/given-certificate.ts";
import { ownCertificate, type ServerCertificate } from "./adapters/tls/own-authority.ts";
import { ConfigProblems, readConfig, type Config } from "./config.ts";
import { flagOf, flagsHelp, readFlags } from "./settings/flags.ts";
import { applyLocalSettings } from "./devhost/app-settings.ts";
import { HostFailure } from "./devhost/host-failure.ts";
import { startHost, type Host } from "./devhost/host.ts";
import type { Log } from "./devhost/log.ts";
import { AppNotLoaded } from "./devhost/running-app.ts";
import { messageOf } from "./domain/errors.ts";

/** `npm start`: this app on this machine, with what it needs made on first start. */

const packageFolder = fileURLToPath(new URL("..", import.meta.url));

// Safe: the project's own file.
const { version, engines } = JSON.parse(readFileSync(`${packageFolder}package.json`, "utf8")) as {
  version: string;
  engines: { node: string };
};

/** A flag wins over the environment. */
const applyFlags = (): void => {
  const { values, problems } = readFlags(process.argv.slice(2));
  if (problems.length > 0) throw new ConfigProblems(problems);
  Object.assign(process.env, values);
};

interface Told {
  readonly isFirstStart: boolean;
  /** The example site was made just now. */
  readonly hasExample: boolean;
  readonly trust: string | undefined;
}

const printReady = (host: Host, config: Config, { isFirstStart, hasExample, trust }: Told): void => {
  const key = adminKeyFile(config.dataFolder);
  const recoveryKey = join(config.dataFolder, "recovery-key");
  const lines = [
    `Lifeboat is ready at ${host.url}`,
    ...(host.tlsUrl === undefined ? [] : [`  https  ${host.tlsUrl}  (${trust})`]),
    `  data   ${config.dataFolder}`,
    `  key    ${key}${isFirstStart ? "  (made just now; keep it to yourself)" : ""}`,
    `  sites  ${config.sitesFolder}  (one JSON file each, see docs/sites.md)`,
    // What matters once: the key that opens what backups keep sealed, and something to try.
    ...(isFirstStart && existsSync(recoveryKey)
      ? [`  keep   ${recoveryKey}  (copy it elsewhere: only it opens the settings inside backups)`]
      : []),
    ...(hasExample ? [`  try    ${typed(`backup ${exampleName}`, config)}`] : []),
  ];
  console.log(lines.join("\n"));
};

/** As it is typed in the checkout; the command line finds the usual data folder by itself. */
const typed = (command: string, { dataFolder }: Config): string =>
  `npx lifeboat ${command}${dataFolder === join(homedir(), ".lifeboat") ? "" : ` --data ${dataFolder}`}`;

const stopOnSignals = (host: Host, ended: () => void): void => {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    console.log(`${signal}: finishing what runs; a second one ends at once.`);
    host.stop().then(
      () => {
        ended();
        process.exit(0);
      },
      (error: unknown) => fail(error),
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
};

/** People get the message, never a stack trace; whoever needs that sets NODE_DEBUG=lifeboat. */
const fail = (error: unknown): void => {
  const isSaid =
    (error instanceof HostFailure && !(error instanceof AppNotLoaded)) ||
    error instanceof ConfigProblems ||
    error instanceof CertificateUnusable;
  // What the app itself says is about files and settings of the user, not about the app.
  const reason = error instanceof AppNotLoaded ? error.cause : error;
  console.error(isSaid ? error.message : `Lifeboat could not start: ${messageOf(reason)}`);
  if (isDebugging()) console.error(error);
  process.exit(1);
};

/** A terminal that was closed, a pager that was left: nobody reads any more, which is no reason to end. */
const outliveReaders = (): void => {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
    });
};

const start = async (): Promise<void> => {
  outliveReaders();
  const tooOld = nodeProblem(process.versions.node, engines.node);
  if (tooOld !== undefined) throw new HostFailure(tooOld);
  if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
    console.log(flagsHelp);
    return;
  }
  applyFlags();
  // The app is told them by its host; what is made before it starts has to lie where the app looks.
  applyLocalSettings(join(packageFolder, "local.settings.json"), process.env);
  const config = readConfig(process.env);
  const first = await prepare(config);
  // As local.settings.json has it for the checkout; an installed package has no such file.
  process.env["LIFEBOAT_HUB"] ||= "lifeboatlocal";
  // Others that share the catalog do not know this machine's workflows.
  if (config.catalog.kind === "table") process.env["LIFEBOAT_HUB"] = await ownHub(config.dataFolder);
  const https = config.tlsPort === undefined ? undefined : { ...(await certificateOf(config)), port: config.tlsPort };
  const host = await startHost({
    appFile: `${packageFolder}dist/main.js`,
    rootDir: packageFolder,
    dataDir: config.dataFolder,
    port: config.httpPort,
    proxies: config.proxies,
    ...(https === undefined ? {} : { tls: { key: https.key, cert: https.cert, port: https.port } }),
    log: toConsole(),
  }).catch((error: unknown) => {
    throw portAdvice(error, config);
  });
  stopOnSignals(host, await announce(host, config));
  if (https !== undefined) keepCertificate(host, config);
  printReady(host, config, { ...first, trust: https?.trust });
};

/** Lines for people; with NODE_DEBUG=lifeboat also what they leave out: stack traces, and how often. */
const toConsole = (): Log => {
  const quiet = quietTroubles();
  return (level, category, message) => {
    const now = new Date();
    const line = consoleLine(now, level, category, message);
    if (line === undefined) return;
    if (level === "information") console.log(line);
    else if (isDebugging()) console.error(`${line}\n${message}`);
    else {
      const told = quiet(now, line);
      if (told !== undefined) console.error(told);
    }
  };
};

const isDebugging = (): boolean => /\blifeboat\b/.test(process.env["NODE_DEBUG"] ?? "");

/** Tells the command line where this service answers; answers what takes that back. */
const announce = async ({ url, tlsUrl }: Host, { dataFolder, tlsFiles }: Config): Promise<() => void> => {
  const trust =
    tlsFiles === undefined
      ? ({ kind: "authority", file: join(dataFolder, "tls", "ca.pem") } as const)
      : ({ kind: "certificate", file: tlsFiles.certFile } as const);
  const https = tlsUrl === undefined ? {} : { tlsUrl, trust };
  const service = { url, ...https, pid: process.pid, started: new Date().toISOString(), version };
  try {
    return await announceService(dataFolder, service);
  } catch (error) {
    console.error(`The command line will not find this service by itself: ${messageOf(error)}`);
    return () => undefined;
  }
};

/** What https is served with, and how its clients come to trust it. */
const certificateOf = async ({
  tlsFiles,
  dataFolder,
}: Config): Promise<ServerCertificate & { readonly trust: string }> => {
  const now = new Date();
  if (tlsFiles !== undefined) return { ...givenCertificate(tlsFiles, now), trust: `by ${tlsFiles.certFile}` };
  const folder = join(dataFolder, "tls");
  const { key, cert, authorityFile } = await ownCertificate({ folder, now, machine: hostname() });
  return { key, cert, trust: `clients need NODE_EXTRA_CA_CERTS=${authorityFile}` };
};

const renewalCheckMs = 12 * 3_600_000;

/** A service that runs for a year must not end up with a certificate that has expired. */
const keepCertificate = (host: Host, config: Config): void => {
  setInterval(() => {
    certificateOf(config)
      .then((certificate) => host.renewCertificate(certificate))
      .catch((error: unknown) => console.error(`The certificate of https could not be renewed: ${messageOf(error)}`));
  }, renewalCheckMs).unref();
};

/** The devhost knows ports, and not how this program is told of them. */
const portAdvice = (error: unknown, config: Config): unknown => {
  const cause = error instanceof HostFailure ? error.cause : undefined;
  if (!(cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE" && "port" in cause)) return error;
  const setting = cause.port === config.httpPort ? "LIFEBOAT_PORT" : "LIFEBOAT_TLS_PORT";
  const advice = `${flagOf(setting)} (${setting}) sets it. Whether Lifeboat runs already, this tells: ${typed("status", config)}`;
  return new HostFailure(`${messageOf(error)} ${advice}`, { cause });
};

/** Makes what a first start needs. */
const prepare = async (config: Config): Promise<Pick<Told, "isFirstStart" | "hasExample">> => {
  const { dataFolder, sitesFolder, sitesRoot } = config;
  const data = { what: "The data folder", folder: dataFolder, setting: "LIFEBOAT_DATA" };
  const siteFiles = { what: "The folder of site files", folder: sitesFolder, setting: "LIFEBOAT_SITES" };
  const newSites = { what: "The folder of new sites", folder: sitesRoot, setting: "LIFEBOAT_SITES_ROOT" };
  await using(data, () => makeFolder(dataFolder, 0o700));
  await using(siteFiles, () => makeFolder(sitesFolder, 0o700));
  // The missing key marks the first start: one that was cut off in between is still the first.
  const isFirst = await using(data, async () => readAdminKey(dataFolder) === undefined);
  const isEmpty = isFirst && (await using(siteFiles, () => hasNoSites(sitesFolder)));
  if (isEmpty) await using(newSites, () => makeExample(sitesRoot));
  if (isEmpty) await using(siteFiles, () => describeExample(config));
  return { isFirstStart: await using(data, () => ensureAdminKey(dataFolder)), hasExample: isEmpty };
};

interface Named {
  readonly what: string;
  readonly folder: string;
  readonly setting: string;
}

const using = async <Value>({ what, folder, setting }: Named, work: () => Promise<Value>): Promise<Value> => {
  try {
    return await work();
  } catch (error) {
    const advice = `Give this user the right to write there, or name another one with ${flagOf(setting)} (${setting}).`;
    throw new HostFailure(`${what} ${folder} cannot be used: ${messageOf(error)}. ${advice}`, { cause: error });
  }
};

start().catch(fail);
