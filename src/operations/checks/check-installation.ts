import { messageOf } from "../../domain/errors.ts";
import { someOf } from "../../domain/some-of.ts";
import { siteLabel } from "../../domain/site.ts";
import { checkLastGood } from "./check-last-good.ts";
import { askContainer } from "../containers/credentials.ts";
import type { Finding } from "./finding.ts";
import type { Installation } from "../installation.ts";
import { isReady } from "./health.ts";
import { siteRowKey } from "../rows/keys.ts";
import { unreadableBackups } from "../rows/backup-rows.ts";
import { listOpenRuns } from "../rows/open-run-rows.ts";
import { listOperations } from "../rows/operation-rows.ts";
import { hasReadableRow } from "../rows/site-row.ts";
import { readWaitingLetters } from "../rows/letter-rows.ts";
import { unreadableWatchRows } from "../rows/watch-rows.ts";
import { sharedFolders, siteFolders } from "../sites/shared-folders.ts";
import { unreadableAdvice } from "./unreadable-advice.ts";
import { usualContainer } from "../containers/where-to.ts";

/** Whether this installation can do its work: stores, disks, tools, sites. Nothing is changed. */
export const checkInstallation = async (deps: Installation): Promise<readonly Finding[]> => [
  ...(await checkHealth(deps)),
  await checkScratch(deps),
  ...(await checkRooms(deps)),
  ...(await checkSites(deps)),
  checkRecovery(deps),
  await checkAlarms(deps),
  ...(await checkRows(deps)),
  ...checkTools(deps),
];

const ok = (name: string, message: string): Finding => ({ name, state: "ok", message });

const checkHealth = async (deps: Installation): Promise<readonly Finding[]> => {
  const { problems, cause = "store" } = await isReady(deps);
  const [newest] = deps.lastErrors().toReversed();
  const told: Finding =
    newest === undefined
      ? ok("errors", "None since the start.")
      : {
          name: "errors",
          state: "warning",
          message: `The last one was "${newest.event}" at ${newest.at}.`,
          advice: "Look at the service's log.",
        };
  if (problems.length === 0) return [ok("catalog", "It can be written, and the sweep runs."), told];
  const state = cause === "new" ? "warning" : "problem";
  return [...problems.map((message): Finding => ({ name: "catalog", state, message, advice: advice[cause] })), told];
};

const advice = {
  new: "Right after the first start that is so: look again in a minute.",
  "no sweep":
    "Right after a start, look again in a minute. Else the service's log says what keeps it; start Lifeboat again if it stays so.",
  full: "Lifeboat goes on by itself once there is room.",
  store:
    "Look at the disk of the data folder, or at the table's account; start Lifeboat again if it does not go on by itself.",
};

const checkScratch = async ({ scratch }: Installation): Promise<Finding> => {
  try {
    await askContainer(await scratch());
    return ok("work storage", "It answers.");
  } catch (error) {
    const advice = "Look at LIFEBOAT_SCRATCH; no backup can be made without it.";
    return { name: "work storage", state: "problem", message: messageOf(error), advice };
  }
};

const gibibyte = 2 ** 30;

const checkRooms = async ({ machine }: Installation): Promise<readonly Finding[]> =>
  (await machine.rooms()).map(({ folder, freeBytes, totalBytes }) => {
    const percent = Math.round((freeBytes / totalBytes) * 100);
    const message = `${(freeBytes / 1e9).toFixed(1)} GB (${percent} %) are free for ${folder}.`;
    if (freeBytes >= gibibyte && percent >= 5) return ok("disk", message);
    return { name: "disk", state: "warning", message, advice: "Free some room, or name another destination." };
  });

/** Those that cannot be understood, whose files are gone, or whose backups have nowhere to go. */
const checkSites = async (deps: Installation): Promise<readonly Finding[]> => {
  const findings = (await deps.sites.problems()).map((message): Finding => ({
    name: "site files",
    state: "problem",
    message,
    advice: "Correct the file; docs/sites.md tells its fields.",
  }));
  const sites = await deps.sites.list();
  const folders = await siteFolders(deps, "all");
  for (const site of sites) {
    const { id } = site;
    const name = `site ${siteLabel(id)}`;
    for (const message of sharedFolders(id, folders))
      findings.push({
        name,
        state: "warning",
        message,
        advice: "Give each site a folder of its own, if that was not meant.",
      });
    try {
      if ((await (await deps.hosts.host(id)).content()) === "missing")
        findings.push({
          name,
          state: "problem",
          message: "Its directory is not there.",
          advice: "Mount or create it, or correct the site's file.",
        });
      await askContainer((await usualContainer(deps, site)).destination);
      findings.push(...(await checkLastGood(deps, id)));
    } catch (error) {
      findings.push({
        name,
        state: "problem",
        message: messageOf(error),
        advice: "docs/sites.md and docs/destinations.md tell what may be said.",
      });
    }
  }
  return findings.length > 0 ? findings : [ok("sites", `${sites.length} described, all there.`)];
};

const checkRecovery = ({ recovery }: Installation): Finding =>
  recovery.keyId === undefined
    ? {
        name: "recovery key",
        state: "warning",
        message: "There is none: app settings and connection strings are left out of backups.",
        advice: "Set LIFEBOAT_RECOVERY_KEY.",
      }
    : ok("recovery key", `Settings in backups are sealed to ${recovery.keyId}. Keep a copy of the key elsewhere.`);

const mostLetters = 100;

const checkAlarms = async ({ policy, catalog, clock }: Installation): Promise<Finding> => {
  const waiting = (await readWaitingLetters(catalog, clock.now(), mostLetters)).filter(({ attempt }) => attempt > 1);
  if (waiting.length > 0)
    return {
      name: "alarms",
      state: "warning",
      message: `${waiting.length === mostLetters ? "At least " : ""}${waiting.length} were tried in vain and wait for the next try.`,
      advice: "The log says who did not take them, and why.",
    };
  const channels = Object.keys(policy.alarms.channels);
  if (channels.length > 0) return ok("alarms", `Failed and missing backups are told by ${channels.join(" and ")}.`);
  const message = "Nobody is told when a backup fails, unless a site says whom.";
  return {
    name: "alarms",
    state: "warning",
    message,
    advice: "docs/alarms.md tells how; lifeboat status --check is for monitors.",
  };
};

const mostNamed = 5;

/** Those that timers go through for everybody, and pass over where they do not understand them. */
const checkRows = async (deps: Installation): Promise<readonly Finding[]> => [
  ...(await checkSharedRows(deps)),
  ...(await checkSiteRows(deps)),
];

/** Those of a site by which its runs go on, and by which others know what is being read. */
const checkSiteRows = async ({ catalog, sites }: Installation): Promise<readonly Finding[]> => {
  const found: string[] = [];
  for (const { id } of await sites.list()) {
    const operations = (await listOperations(catalog, id)).filter(({ operation }) => operation === undefined);
    const keys = [
      ...((await hasReadableRow(catalog, id)) ? [] : [siteRowKey]),
      ...operations.map(({ row }) => row.key),
      ...(await unreadableBackups(catalog, id)),
    ];
    found.push(...keys.map((key) => `${key} of ${siteLabel(id)}`));
  }
  if (found.length === 0) return [];
  const message = `The catalog holds rows of sites that cannot be read: ${someOf(found, mostNamed)}. What they are about cannot go on or be listed, and backups that may be read by it are not deleted.`;
  return [{ name: "rows", state: "problem", message, advice: unreadableAdvice }];
};

const checkSharedRows = async ({ catalog }: Installation): Promise<readonly Finding[]> => {
  const runs = (await listOpenRuns(catalog)).unreadable.map(({ key }) => key);
  const keys = [...runs, ...(await unreadableWatchRows(catalog))];
  if (keys.length === 0) return [];
  return [
    {
      name: "rows",
      state: "warning",
      message: `The catalog holds rows that cannot be read and are passed over: ${someOf(keys, mostNamed)}.`,
      advice: "Look at the log, which says what became of each; delete a backup again whose deletion it was.",
    },
  ];
};

const checkTools = ({ machine }: Installation): readonly Finding[] =>
  machine.databaseTools().map(({ name, engine, path }) => {
    if (path !== undefined) return ok(name, path);
    const advice = `Only for sites with ${engine} databases: install its client's package.`;
    return { name, state: "ok", message: "It is not on this machine.", advice };
  });
