import { expect } from "vitest";
import { roomOf } from "../../src/adapters/machine/disk-rooms.ts";
import { localSiteHost } from "../../src/adapters/site-files/local-site-host.ts";
import { objectSource } from "../../src/archive/read/byte-source.ts";
import { openArchive } from "../../src/archive/read/open-archive.ts";
import { verifyArchive } from "./verify-archive.ts";
import type { Backup } from "../../src/domain/backup.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { Secret } from "../../src/domain/secret.ts";
import { createBackup } from "../../src/operations/backups/create-backup.ts";
import { randomId, type Installation } from "../../src/operations/installation.ts";
import { readBackup } from "../../src/operations/rows/backup-rows.ts";
import { readSiteRow } from "../../src/operations/rows/site-row.ts";
import type { Destination } from "../../src/ports/destination.ts";
import type { SiteFiles } from "../../src/ports/site-files.ts";
import { backupSteps } from "../../src/steps/backup/backup-steps.ts";
import { backupSite } from "../../src/workflows/backup-site.ts";
import { namesOf } from "../adapters/destination/blocks.ts";
import { saying, type FaultRow } from "./fault-table.ts";
import { inlineThreads, memoryInstallation, shop } from "./installation.ts";
import { runWorkflow } from "./run-workflow.ts";

type Steps = ReturnType<typeof backupSteps>;
/** Happens before a step, each time it is tried. */
export type Meanwhile = { readonly [Name in keyof Steps]?: () => unknown };

interface Place {
  /** Where the backup goes, with the fault in between. */
  readonly faulty: Destination;
  /** The same place without it. */
  readonly sound: Destination;
  /** The site's directory. */
  readonly directory: string;
  /** Work storage; in memory without one. */
  readonly scratch?: Destination;
  /** Files to back up instead of the directory's. */
  readonly files?: SiteFiles;
}

export const sasExpires = new Date(Math.floor(Date.now() / 1000) * 1000 + 7_200_000);

/** Backups of one site to one place, run in this process on the real steps; each step that throws is tried once more. */
export const faultyBackups = ({ faulty, sound, directory, scratch, files }: Place) => {
  const given = memoryInstallation();
  given.clock.time = new Date();
  const settings = { read: async () => ({ appSettings: {}, connectionStrings: {} }), write: async () => undefined };
  const local = localSiteHost({ roots: [{ at: pathFromText(""), directory }], settings });
  const host = files === undefined ? local : { ...local, files, content: async () => "present" as const };
  const deps: Installation = {
    ...given.deps,
    // Several of these may write to one place.
    newId: randomId,
    destinations: { open: async () => faulty },
    hosts: { host: async () => host },
    ...(scratch === undefined ? {} : { scratch: async () => scratch }),
    machine: { ...given.deps.machine, roomOf },
  };
  const se = sasExpires.toISOString();
  const storageAccountUrl = new Secret(`https://a.blob.core.windows.net/backups?sr=c&sp=rwdl&se=${se}&sig=planted`);

  const backUp = async (name: string, meanwhile: Meanwhile = {}): Promise<Backup> => {
    const { backup } = await createBackup(deps)(given.call, shop, { name, storageAccountUrl });
    const { epoch } = await readSiteRow(deps.catalog, shop);
    const ref = { site: shop, run: backup.run ?? "", epoch, backup: backup.id };
    await runWorkflow(disturbed(backupSteps(deps), meanwhile), given.call, (wf) => backupSite(wf, ref));
    const row = await readBackup(deps.catalog, shop, backup.id);
    if (row === undefined) throw new Error("The backup is gone from the catalog.");
    return row.backup;
  };

  /** It ended as the row says, and what lies in the container is either whole or not there. */
  const expectEnd = async (backup: Backup, row: FaultRow): Promise<void> => {
    const says = row["the log says"] ?? "";
    expect(backup.log ?? "").toMatch(saying(says));
    expect(backup.status).toBe(row["ends as"]);
    expect(JSON.stringify(backup)).not.toMatch(/sig=|planted/);
    expect((await readSiteRow(deps.catalog, shop)).run).toBeUndefined();
    expect(await namesOf((await deps.scratch()).list(""))).toEqual([]);
    const zip = await sound.head(`${backup.blobBase}.zip`);
    if (backup.status === "Failed") {
      expect(zip?.metadata["run"], "a zip of the failed run").not.toBe(backup.run);
      expect(await sound.head(`${backup.blobBase}.xml`)).toBeUndefined();
      return;
    }
    if (zip === undefined) throw new Error("There is no zip.");
    const archive = await openArchive(objectSource(sound, zip));
    expect(await verifyArchive(archive, { inflate: true, runner: inlineThreads })).toMatchObject({ ok: true });
  };

  return { backUp, expectEnd };
};

const disturbed = (steps: Steps, meanwhile: Meanwhile): Steps => {
  const before =
    (step: keyof Steps, work: Steps[keyof Steps]) =>
    async (...parameters: never[]): Promise<unknown> => {
      await meanwhile[step]?.();
      return Reflect.apply(work, undefined, parameters) as unknown;
    };
  // Safe, twice: the same steps under the same names, each with something before it.
  const entries = Object.entries(steps) as [keyof Steps, Steps[keyof Steps]][];
  return Object.fromEntries(entries.map(([step, work]) => [step, before(step, work)])) as unknown as Steps;
};
