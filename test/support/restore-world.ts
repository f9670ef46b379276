import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accountNames } from "../../src/adapters/site-files/account-names.ts";
import { realRoot } from "../../src/adapters/site-files/beneath.ts";
import { LocalExchange } from "../../src/adapters/site-files/exchange/local-exchange.ts";
import { roomOf } from "../../src/adapters/machine/disk-rooms.ts";
import { localSiteHost } from "../../src/adapters/site-files/local-site-host.ts";
import { restoredOwners } from "../../src/adapters/site-files/restored-owners.ts";
import { metadataSetter } from "../../src/adapters/site-files/set-metadata.ts";
import type { Backup } from "../../src/domain/backup.ts";
import { pathFromText, type BytePath } from "../../src/domain/byte-path.ts";
import { ownPrefix } from "../../src/domain/own-names.ts";
import { Secret } from "../../src/domain/secret.ts";
import { siteKey } from "../../src/domain/site.ts";
import { createBackup, type BackupRequest } from "../../src/operations/backups/create-backup.ts";
import type { Installation } from "../../src/operations/installation.ts";
import type { RestoreWish } from "../../src/operations/restores/asked-restore.ts";
import { restoreSite as askRestore } from "../../src/operations/restores/restore-site.ts";
import { undoRestore as askUndo } from "../../src/operations/restores/undo-restore.ts";
import { readBackup } from "../../src/operations/rows/backup-rows.ts";
import { readOperation, type Operation } from "../../src/operations/rows/operation-rows.ts";
import { changeSite, readSiteRow } from "../../src/operations/rows/site-row.ts";
import type { LocalRoot } from "../../src/ports/site-files.ts";
import type { Exchange, SiteConfiguration, SiteHost } from "../../src/ports/site-host.ts";
import { backupSteps } from "../../src/steps/backup/backup-steps.ts";
import { restoreSteps } from "../../src/steps/restore/restore-steps.ts";
import { backupSite } from "../../src/workflows/backup-site.ts";
import type { RunRef, StepName } from "../../src/workflows/contract.ts";
import { restoreSite, undoRestore } from "../../src/workflows/restore-site.ts";
import { readTree, treeText, type FoundNode } from "./file-tree.ts";
import type { Interleaving } from "./interleaving.ts";
import { memoryInstallation, shop } from "./installation.ts";
import { runWorkflow } from "./run-workflow.ts";

export const container = "https://acct.blob.core.windows.net/backups";
export const sas = new Secret(`${container}?sr=c&sp=rwdl&se=2027-01-01&sig=planted`);

export const everything: RestoreWish = {
  overwrite: true,
  paths: [],
  configuration: false,
  quick: false,
  allowOutsideLinks: false,
};

/** What brings a restore of files and configuration forward; then the site is started, and the run is closed. */
export const forwardSteps = [
  "checkArchive",
  "planRestore",
  "stageRestore",
  "stopSite",
  "restageRestore",
  "swapIn",
  "restoreConfiguration",
] as const satisfies readonly StepName[];

type Steps = ReturnType<typeof restoreSteps>;

/** A site that is a directory of this machine, its backups in a container in memory, and restores by the real steps. */
export const restoreWorld = (
  options: {
    readonly roots?: (folder: string) => readonly LocalRoot[];
    readonly undoDays?: number;
    readonly threads?: Installation["threads"];
    readonly databaseTools?: Installation["databaseTools"];
  } = {},
) => {
  const folder = memoryFolder();
  const home = join(folder.path, "home");
  const given = memoryInstallation();
  const settings = { now: noSettings };
  let fault: ((point: string) => void) | undefined;
  const roots = options.roots?.(folder.path) ?? [{ at: pathFromText(""), directory: home }];
  const local = localSiteHost({
    roots,
    settings: {
      read: async () => settings.now,
      write: async (configuration, mayStill) => {
        await mayStill();
        settings.now = configuration;
      },
    },
  });
  const gates: { now: Interleaving | undefined } = { now: undefined };
  const gated = <Port extends object>(port: Port): Port => gates.now?.gated(port) ?? port;
  const exchange = (run: string): Exchange =>
    new LocalExchange({
      run,
      roots: () => roots.map(({ at, directory }) => ({ at, real: realRoot(directory) })),
      setMetadata: restoredOwners(undefined).setMetadata,
      setMetadataBack: metadataSetter(accountNames()),
      fault: (point) => fault?.(point),
      flush: async () => undefined,
      pause: async () => gates.now?.gate(),
    });
  let check: (() => readonly string[]) | undefined;
  const host: SiteHost = {
    ...local,
    exchange(run) {
      const made = exchange(run);
      const real = made.check.bind(made);
      made.check = async (need) => check?.() ?? real(need);
      return gated<Exchange>(made);
    },
  };
  const policy = { ...given.deps.policy, undoDays: options.undoDays ?? 3 };
  const scratch = given.container("scratch");
  const deps: Installation = {
    ...given.deps,
    get catalog() {
      return gated(given.deps.catalog);
    },
    scratch: async () => gated(scratch),
    destinations: { open: async (...where) => gated(await given.deps.destinations.open(...where)) },
    hosts: { host: async () => gated(host) },
    machine: { ...given.deps.machine, roomOf },
    threads: options.threads ?? given.deps.threads,
    databaseTools: options.databaseTools ?? given.deps.databaseTools,
    policy,
  };

  const refOf = async (run: string): Promise<RunRef> => ({
    site: shop,
    run,
    epoch: (await readSiteRow(deps.catalog, shop)).epoch,
  });
  const ended = async (operation: Operation): Promise<Operation> => {
    const found = await readOperation(deps.catalog, shop, operation.id);
    if (found === undefined) throw new Error("The operation is gone.");
    return found.operation;
  };

  return {
    ...given,
    deps,
    host,
    home,
    folder: folder.path,
    remove: folder.remove,
    settings,
    /** Called between any two changes that a swap makes; throwing there ends the step as the process's end would. */
    setFault: (next: ((point: string) => void) | undefined) => void (fault = next),
    /** What stands against a restore, instead of what the disk says. */
    setCheck: (next: (() => readonly string[]) | undefined) => void (check = next),
    /** From here on, what runs at the same time goes on in an order that a seed chooses. */
    setInterleaving: (next: Interleaving | undefined) => void (gates.now = next),
    tree: (): ReadonlyMap<BytePath, FoundNode> => readTree(home),
    /** All that a restore with the configuration may change, for comparing. */
    state: (): string =>
      [
        treeText(readTree(home)),
        ...Object.entries(settings.now.appSettings).map(([name, value]) => `${name}=${value.reveal()}`),
      ].join("\n"),
    areas: (): string[] => [folder.path, home].flatMap((at) => (existsSync(at) ? areasIn(at) : [])),

    async backUp(request: BackupRequest = {}): Promise<Backup> {
      const backup = await this.tryBackUp(request);
      if (backup.commitId === undefined) throw new Error(`The backup failed: ${backup.log}`);
      return backup;
    },

    /** Also one that fails. */
    async tryBackUp(request: BackupRequest = {}, steps: Partial<ReturnType<typeof backupSteps>> = {}): Promise<Backup> {
      const { backup } = await createBackup(deps)(given.call, shop, { storageAccountUrl: sas, ...request });
      const ref = { ...(await refOf(backup.run ?? "")), backup: backup.id };
      await runWorkflow({ ...backupSteps(deps), ...steps }, given.call, (wf) => backupSite(wf, ref));
      const row = await readBackup(deps.catalog, shop, backup.id);
      if (row === undefined) throw new Error("The backup is gone.");
      return row.backup;
    },

    /** What the databases of a backup that is asked for say; it goes no further. */
    async askDatabases(request: BackupRequest, using: Installation) {
      const { backup } = await createBackup(deps)(given.call, shop, { storageAccountUrl: sas, ...request });
      const ref = { ...(await refOf(backup.run ?? "")), backup: backup.id };
      return backupSteps(using).planDatabases(ref, given.call);
    },

    /** As housekeeping does it for a run that is dead: the site is free again. */
    takeAway: () =>
      changeSite(deps.catalog, shop, (row) => {
        const { run: _, ...free } = row;
        return { row: { ...free, epoch: row.epoch + 1 }, result: undefined };
      }),

    /** Asks for a restore without running it. */
    async ask(backup: Backup | undefined, wish: Partial<RestoreWish> = {}): Promise<Operation> {
      const by = backup === undefined ? {} : { backup: backup.id };
      return (await askRestore(deps)(given.call, shop, { ...everything, ...by, ...wish })).operation;
    },

    async run(
      operation: Operation,
      steps: Partial<Steps> = {},
    ): Promise<Operation & { readonly steps: readonly StepName[] }> {
      const ref = await refOf(operation.run);
      const body = operation.kind === "undo" ? undoRestore : restoreSite;
      const done = await runWorkflow({ ...restoreSteps(deps), ...steps }, given.call, (wf) => body(wf, ref));
      return { ...(await ended(operation)), steps: done.steps };
    },

    async restore(backup: Backup | undefined, wish: Partial<RestoreWish> = {}, steps: Partial<Steps> = {}) {
      return this.run(await this.ask(backup, wish), steps);
    },

    async undo(steps: Partial<Steps> = {}) {
      return this.run((await askUndo(deps)(given.call, shop)).operation, steps);
    },

    refOf,
    steps: () => restoreSteps(deps),
    row: () => readSiteRow(deps.catalog, shop),
    async scratch(): Promise<readonly string[]> {
      const names: string[] = [];
      for await (const { name } of given.container("scratch").list("")) names.push(name);
      return names;
    },
    siteKey: siteKey(shop),
  };
};

export type RestoreWorld = ReturnType<typeof restoreWorld>;

/** In memory where the system offers that: a swap flushes its journal, and a test makes hundreds of swaps. */
const memoryFolder = (): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "lifeboat-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};

const areasIn = (directory: string): string[] => readdirSync(directory).filter((name) => name.startsWith(ownPrefix));

const noSettings: SiteConfiguration = { appSettings: {}, connectionStrings: {} };
