import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backup } from "../../src/domain/backup.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { StoreFailure } from "../../src/domain/store-failure.ts";
import type { Destination } from "../../src/ports/destination.ts";
import { restoreSteps } from "../../src/steps/restore/restore-steps.ts";
import type { StepName } from "../../src/workflows/contract.ts";
import { noise } from "../adapters/destination/blocks.ts";
import { faultTable, saying } from "../support/fault-table.ts";
import { buildTree, readTree, treeOf } from "../support/file-tree.ts";
import { describeWith } from "../support/needs.ts";
import { flipBit, replaceObject } from "../support/replace-object.ts";
import { container, restoreWorld, type RestoreWorld } from "../support/restore-world.ts";
import { canMount, smallDisk, type SmallDisk } from "../support/small-disk.ts";

interface Case {
  /** Between the backup and the restore. */
  readonly before?: (world: RestoreWorld, backup: Backup) => unknown;
  /** Before this step, each time it is tried. */
  readonly meanwhile?: { readonly [Name in StepName]?: (world: RestoreWorld, backup: Backup) => unknown };
  /** What reading the archive's data answers, and how often it does. */
  readonly reading?: { readonly failure: StoreFailure; readonly times: number };
  readonly needsDisk?: boolean;
}

const zip = (backup: Backup): string => `${backup.blobBase}.zip`;
const expired = new StoreFailure(
  "AccessDenied",
  "Reading a.zip in b failed (403 AuthenticationFailed): the SAS expired at c. Renew it.",
);
const away = new StoreFailure(
  "Unavailable",
  "Reading a.zip in b failed (503 ServerBusy): the store has trouble; it was asked 5 times. Try again later.",
);

let disk: SmallDisk | undefined;
const site = (): string => join(disk?.folder ?? "", "home");

const cases: Readonly<Record<string, Case>> = {
  "403, the SAS has expired": { reading: { failure: expired, times: Infinity } },
  "503, over when the step is tried again": { reading: { failure: away, times: 1 } },
  "503, lasting": { reading: { failure: away, times: Infinity } },
  "404, the archive is gone": { before: (world, backup) => world.container(container).remove(zip(backup)) },
  "404, the manifest is gone": {
    before: (world, backup) => world.container(container).remove(`${backup.blobBase}.xml`),
  },
  "the archive is overwritten in the middle": {
    meanwhile: {
      stageRestore: (world, backup) =>
        replaceObject(world.container(container), zip(backup), () => Buffer.alloc(3_000_000, "another")),
    },
  },
  "a flipped bit in the archive": {
    before: (world, backup) => replaceObject(world.container(container), zip(backup), flipBit(2_000_000)),
  },
  "EIO while files are exchanged": {
    meanwhile: {
      swapIn: (world) => {
        let points = 0;
        world.setFault(() => {
          if (++points === 3) throw Object.assign(new Error("EIO: i/o error, rename"), { code: "EIO" });
        });
      },
      putBack: (world) => world.setFault(undefined),
    },
  },
  "ENOSPC, too little room for what is to be staged": { needsDisk: true, before: () => disk?.fill(1_000_000) },
  "ENOSPC, the disk fills up while files are staged": {
    needsDisk: true,
    meanwhile: { stageRestore: () => disk?.fill() },
  },
  "EXDEV, another file system in the site": {
    needsDisk: true,
    before: () => execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(site(), "site/wwwroot/uploads")]),
  },
  "EROFS, the site's disk is read-only": {
    needsDisk: true,
    before: () => execFileSync("mount", ["-o", "remount,ro", disk?.folder ?? ""]),
  },
};

const table = faultTable("A restore");
const rows = (needsDisk: boolean) => [...table].filter(([fault]) => (cases[fault]?.needsDisk === true) === needsDisk);

/** Folders' times are put back to the microsecond. */
const stateOf = (directory: string) =>
  [...readTree(directory)].map(([path, node]) => ({
    path,
    ...node,
    mtimeNs: node.kind === "directory" ? node.mtimeNs / 1_000n : node.mtimeNs,
  }));

const restoreWith = async (fault: string, row: Readonly<Record<string, string>>, home: string | undefined) => {
  const given = cases[fault];
  if (given === undefined) throw new Error("docs/faults.md names a fault that has no case here.");
  const world = restoreWorld(home === undefined ? {} : { roots: () => [{ at: pathFromText(""), directory: home }] });
  const directory = home ?? world.home;
  try {
    mkdirSync(directory, { recursive: true });
    const page = { content: "<h1>Shop</h1>" };
    const upload = { content: noise(3_000_000, "upload") };
    buildTree(directory, treeOf({ "site/wwwroot/a.html": page, "site/wwwroot/uploads/b.jpg": upload }));
    const backup = await world.backUp();
    writeFileSync(join(directory, "site/wwwroot/a.html"), "hacked");
    writeFileSync(join(directory, "site/wwwroot/c.php"), "<?php");
    rmSync(join(directory, "site/wwwroot/uploads/b.jpg"));
    await given.before?.(world, backup);
    const wrecked = stateOf(directory);
    const operation = await world.ask(backup);
    const done = await world.run(operation, disturbed(world, backup, given));
    expect(done.log ?? "").toMatch(saying(row["the log says"] ?? ""));
    expect(done.status).toBe(row["ends as"]);
    if (done.status === "Failed") expect(stateOf(directory), "the site is as before").toEqual(wrecked);
    expect((await world.row()).run).toBeUndefined();
    expect(await world.scratch()).toEqual([]);
  } finally {
    world.remove();
  }
};

/** The real steps on a container with the fault, each with what happens before it. */
const disturbed = (world: RestoreWorld, backup: Backup, { meanwhile = {}, reading }: Case) => {
  let failures = 0;
  const faulty = (destination: Destination): Destination =>
    new Proxy(destination, {
      get: (target, key: keyof Destination) => {
        const value = target[key];
        if (typeof value !== "function") return value;
        return (...parameters: readonly unknown[]): unknown => {
          if (key === "read" && reading !== undefined && failures++ < reading.times)
            return Promise.reject(reading.failure);
          return Reflect.apply(value, target, parameters) as unknown;
        };
      },
    });
  const { open } = world.deps.destinations;
  const destinations = {
    open: async (...place: Parameters<typeof open>): Promise<Destination> => faulty(await open(...place)),
  };
  const steps = restoreSteps({ ...world.deps, destinations });
  // Safe, twice: the same steps under the same names, each with something before it.
  const entries = Object.entries(steps) as [keyof typeof steps, (...parameters: never[]) => unknown][];
  return Object.fromEntries(
    entries.map(([name, step]) => [
      name,
      async (...parameters: never[]): Promise<unknown> => {
        await meanwhile[name]?.(world, backup);
        return Reflect.apply(step, undefined, parameters);
      },
    ]),
  ) as unknown as typeof steps;
};

describe("a restore with", () => {
  it.each(rows(false))("%s", async (fault, row) => restoreWith(fault, row, undefined));

  it("has a row for every case", () => {
    expect([...table.keys()]).toEqual(Object.keys(cases));
  });
});

describeWith("mount", canMount, "a restore on a disk of its own, with", () => {
  beforeEach(() => (disk = smallDisk(16)));
  afterEach(() => {
    const uploads = join(site(), "site/wwwroot/uploads");
    execFileSync("sh", ["-c", 'umount "$1" 2>/dev/null || true', "sh", uploads]);
    disk?.remove();
  });

  it.each(rows(true))("%s", async (fault, row) => restoreWith(fault, row, site()));
});
