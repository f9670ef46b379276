import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EventType, parseEvents } from "../../src/devhost/durable/history-event.ts";
import { Store } from "../../src/devhost/durable/store.ts";
import {
  buildCrashApp,
  endCrashApp,
  outputOf,
  startCrashApp,
  startOne,
  type Status,
  statusOf,
} from "../support/crash-app.ts";

const kills = Number(process.env["LIFEBOAT_KILLS"] ?? 5);
/** An activity that was running at five crashes in a row is given up, and it may always be the same one. */
const killsPerRound = 4;
const orchestrations = 20;
const folder = mkdtempSync(join(tmpdir(), "devhost-crash-"));
const journal = join(folder, "journal");
const dataDir = join(folder, "data");

/**
 * The keys of all activities whose completion is on disk, while no host runs. Read from a copy: opening the original
 * would tidy up what the next host has to cope with.
 */
const recorded = (): ReadonlySet<string> => {
  const copy = join(folder, "copy");
  rmSync(copy, { recursive: true, force: true });
  if (existsSync(dataDir)) cpSync(dataDir, copy, { recursive: true });
  if (!existsSync(join(copy, "runs.db"))) return new Set();
  const store = new Store(join(copy, "runs.db"));
  const filter = { createdFrom: 0, createdTo: Number.MAX_SAFE_INTEGER, idPrefix: "", statuses: [] };
  const keys = store
    .instances(filter)
    .flatMap(({ instanceId }) =>
      parseEvents(store.historyText(instanceId)).flatMap((event) =>
        event.EventType === EventType.TaskCompleted ? [(JSON.parse(event.Result) as { readonly key: string }).key] : [],
      ),
    );
  store.database.close();
  return new Set(keys);
};

/**
 * What is known of the lives of all hosts so far: the activities recorded, how far the journal has been read, and how many
 * of them died while an activity ran.
 */
const past = { recorded: new Set<string>() as ReadonlySet<string>, begun: 0, interrupted: 0 };

/** Looks at the life that just ended: nothing recorded before it began again in it, and nothing began twice. */
const expectNoRepetition = (): void => {
  const begun = readFileSync(journal, "utf8").split("\n").slice(past.begun, -1);
  expect(begun.filter((key) => past.recorded.has(key))).toEqual([]);
  expect(begun.filter((key, index) => begun.indexOf(key) !== index)).toEqual([]);
  const now = recorded();
  expect([...past.recorded].filter((key) => !now.has(key))).toEqual([]);
  past.recorded = now;
  past.begun += begun.length;
  if (begun.some((key) => !now.has(key))) past.interrupted++;
};

/** Until an activity begins in this life; one does as long as not all of them are recorded. */
const untilBegun = async (): Promise<void> => {
  while (readFileSync(journal, "utf8").split("\n").length - 1 === past.begun) await pause(1);
};

/** Whether the host has said 202, or knows the id from a host that died while it said so. */
const started = async (url: string, id: string): Promise<boolean> => {
  try {
    if ((await fetch(`${url}/status/${id}`)).status === 200) return true;
    return (await startOne(url, id)) === 202;
  } catch {
    return false; // The host died.
  }
};

const untilComplete = async (url: string, id: string): Promise<Status> => {
  for (let tries = 0; tries < 600; tries++) {
    const status = await statusOf(url, id);
    if (status.runtimeStatus !== "Running" && status.runtimeStatus !== "Pending") return status;
    await pause(100);
  }
  return statusOf(url, id);
};

beforeAll(async () => {
  writeFileSync(journal, "");
  await buildCrashApp();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("orchestrations on a host that is killed with -9 at random moments", () => {
  it(`lose nothing in ${kills} kills`, { timeout: 60_000 + kills * 10_000 }, async () => {
    for (let round = 0; round * killsPerRound < kills; round++) {
      const ids = Array.from({ length: orchestrations }, (_, index) => `run-${round}-${index}`);
      await expectSurvival(ids, Math.min(killsPerRound, kills - round * killsPerRound));
    }
    // Otherwise the kills came too early or too late to prove anything.
    expect(past.interrupted).toBeGreaterThanOrEqual(kills / 5);
  });
});

/** Runs the orchestrations on hosts that die, then on one that lives. */
const expectSurvival = async (ids: readonly string[], deaths: number): Promise<void> => {
  const acknowledged = new Set<string>();
  const startMissing = async (url: string): Promise<void> => {
    for (const id of ids) if (!acknowledged.has(id) && (await started(url, id))) acknowledged.add(id);
  };
  const everything = ids.flatMap((id) => JSON.stringify(outputOf(id)).match(/run-[\w-]+\/\w/g) ?? []);
  for (let death = 0; death < deaths; death++) {
    const host = startCrashApp({ journal, dataDir });
    const isOver = everything.every((key) => past.recorded.has(key));
    // Every other one dies in the middle of work, on however slow a machine; of the others some before they serve.
    const isAtWork = death % 2 === 0 && !isOver;
    const isEarly = !isAtWork && Math.random() < 0.4;
    const starting = isEarly ? undefined : host.url.then(startMissing);
    if (!isEarly) await host.url;
    await (isAtWork ? untilBegun() : pause(Math.random() * 500));
    await endCrashApp(host, "SIGKILL");
    await starting;
    expect(host.complaints).toEqual([]);
    expectNoRepetition();
  }
  const host = startCrashApp({ journal, dataDir });
  const url = await host.url;
  const lost = [];
  for (const id of acknowledged) if ((await fetch(`${url}/status/${id}`)).status !== 200) lost.push(id);
  expect(lost).toEqual([]);
  await startMissing(url);
  for (const id of ids)
    expect(await untilComplete(url, id)).toEqual({ runtimeStatus: "Completed", output: outputOf(id) });
  await endCrashApp(host, "SIGKILL");
  expectNoRepetition();
  expect(everything.filter((key) => !past.recorded.has(key))).toEqual([]);
};
