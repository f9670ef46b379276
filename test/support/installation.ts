import { listFolders } from "../../src/adapters/site-files/list-folders-job.ts";
import { absentTool } from "./absent-tool.ts";
import { MemoryCatalog } from "./memory-catalog.ts";
import { memoryDestination } from "./memory-destination.ts";
import { openWith, sealTo } from "../../src/adapters/secrets/recovery-box.ts";
import { createRecoveryKey, parseRecoveryKey } from "../../src/adapters/secrets/recovery-key.ts";
import { unchangingKeys } from "../../src/adapters/secrets/key-source.ts";
import { keySealer } from "../../src/adapters/secrets/sealed.ts";
import { configuredSealingKeys } from "../../src/adapters/secrets/sealing-keys.ts";
import { runThreadJob, type ThreadRequest } from "../../src/archive/threads/thread-jobs.ts";
import { refuse } from "../../src/domain/errors.ts";
import { Secret } from "../../src/domain/secret.ts";
import { siteKey, type SiteId } from "../../src/domain/site.ts";
import type { Installation } from "../../src/operations/installation.ts";
import { RunsAtWork } from "../../src/operations/runs/runs-at-work.ts";
import { knownKeys } from "../../src/operations/keys/known-keys.ts";
import type { Call } from "../../src/ports/call.ts";
import { NotSent } from "../../src/ports/notifier.ts";
import type { Recovery } from "../../src/ports/secrets.ts";
import type { Destination } from "../../src/ports/destination.ts";
import type { SiteDefinition, SiteDescription } from "../../src/ports/sites.ts";
import type { RunState } from "../../src/ports/workflow-runner.ts";
import { inlinePackRunner } from "./inline-runners.ts";

export const shop: SiteId = { subscription: "s", resourceGroup: "g", name: "shop" };

/** The engine's jobs on the calling thread. */
export const inlineThreads: Installation["threads"] = {
  threads: 1,
  level: inlinePackRunner.level,
  // The casts are safe: a job is answered with the result of its kind.
  run: async (kind: string, job: unknown, signal?: AbortSignal) => {
    signal?.throwIfAborted();
    return runThreadJob({ kind, job } as ThreadRequest, listFolders) as never;
  },
};

const memoryRecovery = (): Recovery => {
  const key = createRecoveryKey();
  return {
    keyId: key.public.id,
    seal: async (bytes, context) => sealTo(key.public, bytes, context),
    open: async (sealed, context, given) => openWith(given ? parseRecoveryKey(given) : key, sealed, context),
  };
};

/** An installation in memory with one site, a clock that stands still, and a runner that records what it is asked. */
export const memoryInstallation = () => {
  const clock = { time: new Date("2026-11-21T12:00:00Z") };
  const ids = { next: 1 };
  const containers = new Map<string, Destination>();
  const sites = new Map<string, SiteDefinition>([[siteKey(shop), { id: shop, location: "Local", tier: "Standard" }]]);
  const descriptions = new Map<string, SiteDescription>();
  const container = (url: string): Destination => {
    const found = containers.get(url) ?? memoryDestination();
    containers.set(url, found);
    return found;
  };
  const sealingKey = new Secret(`test:${Buffer.alloc(32, 7).toString("base64")}`);
  const catalog = new MemoryCatalog();
  const time = { now: () => clock.time };
  const deps: Installation = {
    catalog,
    keys: knownKeys({ catalog, clock: time, fixed: [], warn: () => undefined }),
    sites: {
      find: async (id) => sites.get(siteKey(id)),
      list: async () => [...sites.values()],
      create: async (id) => {
        const made = { id, location: "Local", tier: "Standard" };
        sites.set(siteKey(id), made);
        return made;
      },
      problems: async () => [],
      describedAs: async (id) => descriptions.get(siteKey(id)),
      describe: async (id, description) => {
        const made = { id, location: "Local", tier: "Standard" };
        sites.set(siteKey(id), made);
        descriptions.set(siteKey(id), description);
        return made;
      },
      forget: async (id) => sites.delete(siteKey(id)),
    },
    hosts: { host: (id) => Promise.reject(refuse("SiteNotFound", { name: id.name, group: id.resourceGroup })) },
    destinations: {
      open: async (url, credential) => {
        if (url.includes("forbidden")) throw refuse("DestinationRefused", { url, reason: "it is not allowed here." });
        if (url.startsWith("https:") && credential === undefined)
          throw refuse("DestinationRefused", { url, reason: "it has no SAS." });
        return container(url);
      },
    },
    databaseTools: {
      PostgreSql: absentTool("PostgreSql"),
      MySql: absentTool("MySql"),
      SqlServer: absentTool("SqlServer"),
    },
    scratch: async () => container("scratch"),
    sealer: keySealer(unchangingKeys(configuredSealingKeys(sealingKey, "the test"))),
    recovery: memoryRecovery(),
    threads: inlineThreads,
    machine: {
      rooms: async () => [],
      roomOf: async () => undefined,
      catalogRoom: async () => undefined,
      keepReserve: async () => undefined,
      giveUpReserve: async () => false,
      databaseTools: () => [],
    },
    runsAtWork: new RunsAtWork(),
    clock: time,
    newId: () => `id${ids.next++}`,
    lastErrors: () => [],
    notifier: { addressProblem: () => undefined, send: () => Promise.reject(new NotSent("nobody listens")) },
    policy: {
      defaultDestination: new Secret("file:///backups/{site}"),
      undoDays: 3,
      spreadMinutes: 0,
      openRuns: 4,
      runHours: 24,
      alarms: { channels: {}, missedIntervals: 2 },
    },
    version: "0.0.0",
  };
  const started: { readonly workflow: string; readonly run: string; readonly input: unknown }[] = [];
  const ended: string[] = [];
  const call: Call = {
    requestId: "request-1",
    caller: "tester",
    reach: "all",
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    runner: {
      start: async (workflow, run, input) => void started.push({ workflow, run, input }),
      state: async (): Promise<RunState | undefined> => undefined,
      terminate: async (run) => void ended.push(run),
      purge: async () => undefined,
      purgeEnded: async () => 0,
    },
  };
  return { deps, call, clock, container, sites, started, ended };
};
