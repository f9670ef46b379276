import { messageOf } from "../../domain/errors.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { askContainer } from "../containers/credentials.ts";
import { checkRows } from "./check-rows.ts";
import { checkSites } from "./check-sites.ts";
import { ok, type Finding } from "./finding.ts";
import type { Installation } from "../installation.ts";
import { isReady } from "./health.ts";
import { readWaitingLetters } from "../rows/letter-rows.ts";

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
    const message = `${showBytes(freeBytes)} (${percent} %) are free for ${folder}.`;
    if (freeBytes >= gibibyte && percent >= 5) return ok("disk", message);
    return { name: "disk", state: "warning", message, advice: "Free some room, or name another destination." };
  });

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

const checkTools = ({ machine }: Installation): readonly Finding[] =>
  machine.databaseTools().map(({ name, engine, path }) => {
    if (path !== undefined) return ok(name, path);
    const advice = `Only for sites with ${engine} databases: install its client's package.`;
    return { name, state: "ok", message: "It is not on this machine.", advice };
  });
