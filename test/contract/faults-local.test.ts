import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { directoryDestination } from "../../src/adapters/destination/directory.ts";
import { memoryDestination } from "../support/memory-destination.ts";
import { reasonOf } from "../../src/adapters/site-files/file-reasons.ts";
import { MemorySite } from "../support/memory-site.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { FileUnreadable } from "../../src/ports/site-files.ts";
import { always, diskError, faultyDisk, type Fault } from "../adapters/destination/faulty-disk.ts";
import { faultTable, type FaultRow } from "../support/fault-table.ts";
import { faultyBackups, type Meanwhile } from "../support/faulty-backup.ts";
import { buildTree, temporaryFolder, treeOf } from "../support/file-tree.ts";

let folder: { readonly path: string; readonly remove: () => void };
beforeEach(() => {
  folder = temporaryFolder();
  const page = (name: string) => ({ content: Buffer.alloc(10_000, name) });
  buildTree(
    folder.path,
    treeOf({ "home/site/wwwroot/a.html": page("a"), "home/site/wwwroot/b.html": page("b"), backups: {} }),
  );
});
afterEach(() => folder.remove());

const home = (): string => join(folder.path, "home");

describe("a backup to a folder, with", () => {
  const once = (): Fault => {
    let isOver = false;
    return ({ name }) => {
      if (name !== "handle.write" || isOver) return {};
      isOver = true;
      return { before: diskError("EIO") };
    };
  };
  const cases: Readonly<Record<string, () => Fault>> = {
    "ENOSPC, the disk is full": () => always("handle.write", "ENOSPC"),
    "EDQUOT, the quota is used up": () => always("handle.write", "EDQUOT"),
    EACCES: () => always("handle.write", "EACCES"),
    EROFS: () => always("handle.write", "EROFS"),
    EIO: () => always("handle.write", "EIO"),
    "EIO once": once,
  };
  const table = faultTable("A folder as destination");

  it.each([...table])("%s", async (fault, row) => {
    const faultOf = cases[fault];
    if (faultOf === undefined) throw new Error("docs/faults.md names a fault that has no case here.");
    const root = join(folder.path, "backups");
    const { disk, closeAll } = faultyDisk(faultOf());
    const faulty = directoryDestination(root, { disk });
    const { backUp, expectEnd } = faultyBackups({ faulty, sound: directoryDestination(root), directory: home() });
    try {
      await expectEnd(await backUp("night"), row);
    } finally {
      await closeAll();
    }
  });

  it("has a row for every case", () => {
    expect([...table.keys()]).toEqual(Object.keys(cases));
  });
});

describe("a backup of a site with", () => {
  const page = pathFromText("site/wwwroot/b.html");

  /** What the system said about a file, as every host of sites tells it. */
  const unreadable = (code: string) => async (row: FaultRow) => {
    const files = new MemorySite({
      beforeRead: (path) => {
        if (path === page) throw new FileUnreadable(path, reasonOf(diskError(code)));
      },
    });
    for (const name of ["a", "b"]) files.writeFile(pathFromText(`site/wwwroot/${name}.html`), Buffer.from(name));
    await run(row, {}, files);
  };
  const unlistable = async (row: FaultRow) => {
    const files = new MemorySite();
    files.writeFile(page, Buffer.from("b"));
    const reason = `What is in it could not be listed: ${reasonOf(diskError("EACCES"))}`;
    files.leaveOut(pathFromText("site/wwwroot/shut"), reason);
    await run(row, {}, files);
  };
  const run = async (row: FaultRow, meanwhile: Meanwhile, files?: MemorySite): Promise<void> => {
    const store = memoryDestination();
    const place = { faulty: store, sound: store, directory: home(), ...(files === undefined ? {} : { files }) };
    const { backUp, expectEnd } = faultyBackups(place);
    await expectEnd(await backUp("night", meanwhile), row);
  };

  const cases: Readonly<Record<string, (row: FaultRow) => Promise<void>>> = {
    "EACCES at a file": unreadable("EACCES"),
    "EIO at a file": unreadable("EIO"),
    "ENOENT, a file vanishes while it is backed up": (row) =>
      run(row, { packShard: () => rmSync(join(home(), "site", "wwwroot", "b.html"), { force: true }) }),
    "EACCES at a folder": unlistable,
    "ENOENT, the site's directory is missing": async (row) => {
      rmSync(home(), { recursive: true });
      await run(row, {});
    },
  };
  const table = faultTable("The site");

  it.each([...table])("%s", async (fault, row) => {
    const work = cases[fault];
    if (work === undefined) throw new Error("docs/faults.md names a fault that has no case here.");
    await work(row);
  });

  it("has a row for every case", () => {
    expect([...table.keys()]).toEqual(Object.keys(cases));
  });
});
