// npm run bench:load [-- --check]: how the API answers with 1,000 sites of 50 backups each, and to 200 clients that poll every
// two seconds while four backups run.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openSqliteCatalog } from "../src/adapters/catalog/sqlite.ts";
import type { Backup } from "../src/domain/backup.ts";
import type { SiteId } from "../src/domain/site.ts";
import { insertBackup } from "../src/operations/rows/backup-rows.ts";
import { changeSite } from "../src/operations/rows/site-row.ts";
import { benchDirectory, corpus } from "./corpora/corpora.ts";
import { isMet, median, verdict, type Goal } from "./host/report.ts";
import { startService, type Service } from "./service/service.ts";

const sites = 1_000;
const backupsOfEach = 50;
const asked = 300;
const clients = 200;
const pollMs = 2_000;
const polledMs = 30_000;
const busySites = 4;

const siteId = (number: number): SiteId => ({
  subscription: "00000000-0000-0000-0000-000000000000",
  resourceGroup: "local",
  name: `site-${number}`,
});

const pastBackup = (site: SiteId, id: number): Backup => {
  const at = new Date(Date.UTC(2026, 0, 1) + id * 86_400_000).toISOString();
  const blobBase = `${site.name}_${id}`;
  const ends = { started: at, finished: at, sizeBytes: 12_345_678, siteBytes: 45_678_901, files: 3_500, leftOut: 0 };
  const commitId = `${"0123456789abcdef".repeat(4)}-${id}`;
  const row = { site, id, name: blobBase, blobBase, destination: "file:///backups/past", correlationId: `c-${id}` };
  return { ...row, ...ends, commitId, status: "Succeeded", scheduled: true, run: `backup-${id}-x`, created: at };
};

const fillCatalog = async (data: string): Promise<void> => {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const catalog = await openSqliteCatalog(join(data, "lifeboat.db"));
  for (let number = 0; number < sites; number++) {
    const site = siteId(number);
    const also = Array.from({ length: backupsOfEach }, (_, index) => insertBackup(pastBackup(site, index + 1)));
    const nextBackupId = backupsOfEach + 1;
    await changeSite(catalog, site, (row) => ({ row: { ...row, nextBackupId }, also, result: undefined }));
  }
  await catalog.close();
};

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1_000;
};

const randomSite = (): string => `site-${Math.floor(Math.random() * sites)}`;

const medianOf = async (ask: () => Promise<unknown>): Promise<number> => {
  const times: number[] = [];
  for (let count = 0; count < asked; count++) times.push(await seconds(ask));
  return median(times) * 1_000;
};

/** Each client begins at its own moment, as clients do. */
const poll = async (service: Service, until: number, times: number[]): Promise<void> => {
  await pause(Math.random() * pollMs);
  while (performance.now() < until) {
    const site = randomSite();
    const took = await seconds(() => service.ask(`${site}/backups/${1 + Math.floor(Math.random() * backupsOfEach)}`));
    times.push(took * 1_000);
    await pause(Math.max(0, pollMs - took * 1_000));
  }
};

const underLoad = async (service: Service, folder: string): Promise<number> => {
  const until = performance.now() + polledMs;
  let backups = 0;
  const busy = Array.from({ length: busySites }, async (_, number) => {
    while (performance.now() < until) {
      await service.backup(`site-${number}`, `file://${folder}`);
      backups++;
    }
  });
  const times: number[] = [];
  await Promise.all(Array.from({ length: clients }, () => poll(service, until, times)));
  await Promise.all(busy);
  times.sort((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)] ?? NaN;
  console.log(
    `${clients} clients for ${polledMs / 1_000} s, ${backups} backups meanwhile: ${times.length} answers, median ${median(times).toFixed(1)} ms, p99 ${p99.toFixed(0)} ms, longest ${(times.at(-1) ?? NaN).toFixed(0)} ms`,
  );
  return p99;
};

const work = join(benchDirectory(), "load");
rmSync(work, { recursive: true, force: true });
const data = join(work, "data");
await fillCatalog(data);
const small = corpus("site-small").directory;
const empty = join(work, "empty");
mkdirSync(empty);
const folder = join(work, "containers", "backups");
mkdirSync(folder, { recursive: true });
const names = Array.from({ length: sites }, (_, number) => `site-${number}`);
const service = await startService(data, names, empty);
for (const name of names.slice(0, busySites))
  writeFileSync(join(data, "sites", `${name}.json`), JSON.stringify({ wwwroot: small }));

const list = await medianOf(() => service.ask(`${randomSite()}/backups`));
const get = await medianOf(() => service.ask(`${randomSite()}/backups/${backupsOfEach}`));
const p99 = await underLoad(service, folder);
await service.stop();
rmSync(work, { recursive: true, force: true });

const goals: readonly Goal[] = [
  {
    text: `list the ${backupsOfEach} backups of one of ${sites} sites, median ms`,
    value: list,
    limit: 20,
    better: "lower",
  },
  { text: "get one backup, median ms", value: get, limit: 20, better: "lower" },
  { text: `p99 of ${clients} polling clients, ms`, value: p99, limit: 500, better: "lower" },
];
for (const goal of goals) console.log(verdict(goal));
const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
if (values.check && !goals.every(isMet)) process.exitCode = 1;
