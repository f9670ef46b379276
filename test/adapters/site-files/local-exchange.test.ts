import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accountNames } from "../../../src/adapters/site-files/account-names.ts";
import { makeArea } from "../../../src/adapters/site-files/exchange/area.ts";
import { LocalExchange } from "../../../src/adapters/site-files/exchange/local-exchange.ts";
import type { MetadataWriter } from "../../../src/adapters/site-files/exchange/moves.ts";
import { realRoot } from "../../../src/adapters/site-files/beneath.ts";
import { metadataSetter } from "../../../src/adapters/site-files/set-metadata.ts";
import { pathFromText, type BytePath } from "../../../src/domain/byte-path.ts";
import type { ListedEntry } from "../../../src/domain/listing.ts";
import { offlinePage } from "../../../src/domain/own-names.ts";
import type { SwapOperation } from "../../../src/ports/site-host.ts";
import { canMount, smallDisk, type SmallDisk } from "../../support/small-disk.ts";
import { describeWith } from "../../support/needs.ts";

let folder: string;
let site: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-exchange-"));
  site = join(folder, "shop");
  write(site, { "index.html": "old index", "style.css": "same", "gone/a.txt": "a", "gone/b.txt": "b", "empty/": "" });
  symlinkSync("index.html", join(site, "link"));
  chmodSync(join(site, "style.css"), 0o644);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (root: string, files: Readonly<Record<string, string>>): void => {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name.endsWith("/") ? name : join(name, "..")), { recursive: true });
    if (!name.endsWith("/")) writeFileSync(join(root, name), content);
  }
};

const tree = (): Record<string, string> => {
  const found: Record<string, string> = {};
  for (const name of readdirSync(site, { recursive: true, encoding: "utf8" }).sort()) {
    const stat = lstatSync(join(site, name));
    const content = stat.isFile()
      ? readFileSync(join(site, name), "utf8")
      : stat.isSymbolicLink()
        ? readlinkSync(join(site, name))
        : "/";
    found[name] = `${(stat.mode & 0o777).toString(8)} ${content}`;
  }
  return found;
};

const entry = (path: string, kind: ListedEntry["kind"], mode: number): ListedEntry => ({
  path: pathFromText(path),
  kind,
  mode,
  sizeBytes: 0,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  mtimeNs: 1_700_000_000_000_000_000n,
});

/** Replaces, adds, removes, makes and removes folders, and changes a mode. */
const operations: readonly SwapOperation[] = [
  { kind: "remove", path: pathFromText("gone/b.txt") },
  { kind: "remove", path: pathFromText("gone/a.txt") },
  { kind: "removeDirectory", path: pathFromText("gone") },
  { kind: "makeDirectory", path: pathFromText("new") },
  { kind: "place", path: pathFromText("index.html"), attempt: "a1" },
  { kind: "place", path: pathFromText("new/page.html"), attempt: "a1" },
  { kind: "place", path: pathFromText("link"), attempt: "a1" },
  { kind: "setMetadata", entry: entry("style.css", "file", 0o600) },
  { kind: "setMetadata", entry: entry("new", "directory", 0o750) },
];

const setMode: MetadataWriter = (file, to) => {
  if (to.kind !== "link") chmodSync(Buffer.from(file, "latin1"), to.mode);
  return [];
};

const exchange = (fault?: (point: string) => void, setMetadata = setMode) =>
  new LocalExchange({
    run: "restore-1",
    roots: () => [{ at: pathFromText(""), real: realRoot(site) }],
    setMetadata,
    setMetadataBack: setMetadata,
    ...(fault === undefined ? {} : { fault }),
  });

const stage = async (): Promise<void> => {
  const [root] = await exchange().stage("a1");
  write(root?.directory ?? "", { "index.html": "new index", "new/page.html": "page" });
  symlinkSync("style.css", join(root?.directory ?? "", "link"));
  await exchange().settle("a1", []);
};

const ended = new Error("the process ends here");
/** An exchange whose process ends at the given point; counts the points otherwise. */
const endingAt = (wanted: number, setMetadata = setMode) => {
  const seen = { points: 0 };
  const dying = exchange(() => {
    if (seen.points++ === wanted) throw ended;
  }, setMetadata);
  return { dying, seen };
};

describeWith("mount", canMount, "an exchange on a disk that becomes full as it begins", () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = smallDisk(2);
    cpSync(site, join(disk.folder, "shop"), { recursive: true, verbatimSymlinks: true });
    site = join(disk.folder, "shop");
  });
  afterEach(() => disk.remove());

  it("is made all the same, for nothing of it is written any more", async () => {
    await stage();
    const filling = exchange((point) => point === "journal written" && disk.fill());
    await filling.swap(operations);
    expect(await exchange().state()).toBe("swapped");
    expect(readFileSync(join(site, "index.html"), "utf8")).toBe("new index");
  });

  it("is put back when it fails then", async () => {
    const before = tree();
    await stage();
    const failing = exchange((point) => {
      if (point === "journal written") disk.fill();
      if (point === "forward 5") throw new Error("ENOSPC: no space left on device, link");
    });
    await expect(failing.swap(operations)).rejects.toThrow("ENOSPC");
    await exchange().putBack();
    expect(await exchange().state()).toBe("putBack");
    expect(tree()).toEqual(before);
  });
});

/** Long ago, and another each, so that a change of any shows. */
const ageFolders = (): void => {
  for (const [place, name] of ["shop/deep/er", "shop/deep", "shop/gone", "shop/empty", "shop"].entries())
    utimesSync(join(folder, name), 1_600_000_000.5, 1_600_000_000.5 + place);
};

const folderTimes = (): Record<string, number> => {
  const names = ["", ...readdirSync(site, { recursive: true, encoding: "utf8" })];
  const folders = names.filter((name) => !name.startsWith(".lifeboat-") && lstatSync(join(site, name)).isDirectory());
  return Object.fromEntries(folders.map((name) => [name, Math.floor(lstatSync(join(site, name)).mtimeMs)]));
};

describe("the times of folders in which an exchange changes something", () => {
  const inFolders: readonly SwapOperation[] = [
    ...operations,
    { kind: "remove", path: pathFromText("deep/er/old.html") },
    { kind: "makeDirectory", path: pathFromText("deep/newer") },
  ];
  beforeEach(() => {
    write(site, { "deep/er/old.html": "old" });
    ageFolders();
  });

  const setAll = metadataSetter(accountNames());
  const putBack = async (): Promise<void> => {
    await exchange(undefined, setAll).putBack();
    await exchange().forget();
  };

  it("come back with the content", async () => {
    const before = folderTimes();
    await stage();
    await exchange(undefined, setAll).swap(inFolders);
    for (const name of ["", "deep", "deep/er"]) expect(folderTimes()[name]).not.toBe(before[name]);
    await putBack();
    expect(folderTimes()).toEqual(before);
  });

  it("come back wherever it was cut off", async () => {
    const before = folderTimes();
    let points = 0;
    for (let isOver = false; !isOver; points++) {
      await stage();
      const { dying } = endingAt(points, setAll);
      isOver = await dying.swap(inFolders).then(
        () => true,
        () => false,
      );
      await putBack();
      expect(folderTimes()).toEqual(before);
    }
    expect(points).toBeGreaterThan(inFolders.length);
  });
});

describeWith("mount", canMount, "an exchange of a site whose root is a mount point", () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = smallDisk(4);
    cpSync(site, disk.folder, { recursive: true, verbatimSymlinks: true });
    site = disk.folder;
    chmodSync(site, 0o2751);
    utimesSync(site, 1_600_000_000.5, 1_600_000_000.5);
  });
  afterEach(() => disk.remove());

  const look = (): unknown => {
    const { mode, uid, gid, mtimeMs } = lstatSync(site);
    return { mode: (mode & 0o7777).toString(8), uid, gid, mtimeMs: Math.floor(mtimeMs) };
  };

  it("gives the root the look that it had when it is put back", async () => {
    const before = look();
    await stage();
    expect(readdirSync(site).some((name) => name.startsWith(".lifeboat-"))).toBe(true);
    expect(look()).toEqual(before);
    await exchange().swap(operations);
    await exchange().putBack();
    await exchange().forget();
    expect(look()).toEqual(before);
  });

  it("leaves the root the look that it was given, also when what was kept is dropped", async () => {
    const atRoot = () =>
      new LocalExchange({
        run: "restore-1",
        roots: () => [{ at: pathFromText("data"), real: realRoot(site) }],
        setMetadata: metadataSetter(accountNames()),
        setMetadataBack: metadataSetter(accountNames()),
      });
    const before = look();
    await atRoot().stage("a1");
    const given = { ...entry("data", "directory", 0o1770), uid: 1234, gid: 1235 };
    await atRoot().swap([
      { kind: "remove", path: pathFromText("data/style.css") },
      { kind: "setMetadata", entry: given },
    ]);
    const wanted = { mode: "1770", uid: 1234, gid: 1235, mtimeMs: 1.7e12 };
    expect(look()).toEqual(wanted);
    await atRoot().forget();
    expect(look()).toEqual(wanted);
    expect(before).not.toEqual(wanted);
  });
});

describe("an exchange of a site's content", () => {
  it("puts the staged content in place, keeps what it replaced beside the site, and puts it back", async () => {
    const before = tree();
    await stage();
    expect(await exchange().state()).toBe("staged");
    await exchange().swap(operations);
    expect(await exchange().state()).toBe("swapped");
    expect(tree()).toEqual({
      empty: before["empty"],
      "index.html": expect.stringContaining("new index"),
      link: expect.stringContaining("style.css"),
      new: "750 /",
      "new/page.html": expect.stringContaining("page"),
      "style.css": "600 same",
    });
    await exchange().putBack();
    expect(await exchange().state()).toBe("putBack");
    expect(tree()).toEqual(before);
    await exchange().forget();
    expect(await exchange().state()).toBe("none");
    expect(readdirSync(folder)).toEqual(["shop"]);
  });

  it("ends fully restored when it is cut off anywhere and asked again", async () => {
    const before = tree();
    await stage();
    const { dying, seen } = endingAt(-1);
    await dying.swap(operations);
    const after = tree();
    await exchange().putBack();
    await exchange().forget();
    expect(seen.points).toBeGreaterThan(operations.length);
    for (let point = 0; point < seen.points; point++) {
      expect(tree()).toEqual(before);
      await stage();
      await expect(endingAt(point).dying.swap(operations)).rejects.toBe(ended);
      // What it is given the second time does not count: the journal does.
      await exchange().swap([]);
      expect(tree(), `cut off at point ${point}`).toEqual(after);
      await exchange().putBack();
      await exchange().forget();
    }
  });

  it("ends fully as before when it is cut off anywhere and put back, also when that is cut off anywhere", async () => {
    const before = tree();
    const points = 2 * operations.length + 6;
    for (let forward = 0; forward < operations.length + 2; forward += 2) {
      for (let backward = 0; backward < points; backward += 5) {
        await stage();
        await expect(endingAt(forward).dying.swap(operations)).rejects.toBe(ended);
        await endingAt(backward)
          .dying.putBack()
          .catch((error: unknown) => expect(error).toBe(ended));
        await exchange().putBack();
        expect(tree(), `cut off at ${forward}, back at ${backward}`).toEqual(before);
        await exchange().forget();
      }
    }
  });

  it("stages nothing more once a swap has begun, and forgets nothing while it is under way", async () => {
    await stage();
    await expect(endingAt(2).dying.swap(operations)).rejects.toBe(ended);
    await expect(exchange().stage("a2")).rejects.toThrow(/has begun/);
    await expect(exchange().forget()).rejects.toThrow(/under way/);
  });

  it("does nothing when there is nothing to put back", async () => {
    const before = tree();
    await exchange().putBack();
    await stage();
    await exchange().putBack();
    expect(tree()).toEqual(before);
  });

  it("does not follow a folder that became a link", async () => {
    mkdirSync(join(folder, "outside"));
    writeFileSync(join(folder, "outside", "a.txt"), "outside");
    await stage();
    rmSync(join(site, "gone"), { recursive: true });
    symlinkSync(join(folder, "outside"), join(site, "gone"));
    await exchange().swap([{ kind: "remove", path: pathFromText("gone/a.txt") }]);
    expect(readFileSync(join(folder, "outside", "a.txt"), "utf8")).toBe("outside");
  });

  it("lets a page of the user's own take the place of ours, and does not keep ours", async () => {
    const [root] = await exchange().stage("a1");
    write(root?.directory ?? "", { "app_offline.htm": "the user's own" });
    writeFileSync(join(site, "app_offline.htm"), offlinePage("restore-1"));
    await exchange().swap([{ kind: "place", path: pathFromText("app_offline.htm"), attempt: "a1" }]);
    expect(readFileSync(join(site, "app_offline.htm"), "utf8")).toBe("the user's own");
    await exchange().putBack();
    expect(Object.keys(tree())).not.toContain("app_offline.htm");
  });

  it("makes a folder that is called as our page is", async () => {
    writeFileSync(join(site, "app_offline.htm"), offlinePage("restore-1"));
    await exchange().stage("a1");
    await exchange().swap([{ kind: "makeDirectory", path: pathFromText("app_offline.htm") }]);
    expect(lstatSync(join(site, "app_offline.htm")).isDirectory()).toBe(true);
    await exchange().putBack();
    expect(readdirSync(site)).not.toContain("app_offline.htm");
  });

  it("says what the disk lacks before anything is touched", async () => {
    const problems = await exchange().check({
      staged: [{ path: pathFromText("new"), sizeBytes: 2 ** 60 }],
      changed: [],
    });
    expect(problems).toEqual([expect.stringMatching(/ free, and the restore needs /)]);
  });

  it("says which names and folders stand against it before anything is touched", async () => {
    const long = "n".repeat(256);
    const problems = await exchange().check({ staged: [], changed: [pathFromText(`new/${long}`)] });
    expect(problems).toEqual([expect.stringMatching(/255 bytes/)]);
    expect(await exchange().check({ staged: [], changed: operations.map(pathOf) })).toEqual([]);
  });

  it("begins nothing when something that is to be placed is not staged", async () => {
    const before = tree();
    await stage();
    const missing: SwapOperation = { kind: "place", path: pathFromText("gone/a.txt"), attempt: "a1" };
    await expect(exchange().swap([...operations, missing])).rejects.toThrow(/gone\/a.txt is not staged/);
    await expect(exchange().swap([{ ...missing, attempt: "a0" }])).rejects.toThrow(/is not staged/);
    expect(await exchange().state()).toBe("staged");
    expect(tree()).toEqual(before);
  });

  it("does nothing for a run whose area is gone", async () => {
    const before = tree();
    await expect(exchange().swap(operations)).rejects.toThrow(/Nothing is staged/);
    expect(tree()).toEqual(before);
  });

  it("drops what other attempts staged, but for those to keep", async () => {
    await stage();
    await exchange().stage("a2", ["a1"]);
    await exchange().stage("a3", ["a1"]);
    const staged = readdirSync(area()).filter((name) => name.startsWith("staged-"));
    expect(staged.toSorted()).toEqual(["staged-a1", "staged-a3"]);
    await expect(exchange().settle("a2", [])).rejects.toThrow(/Another attempt staged/);
  });

  it("puts back where folders were removed, or made in the place of files, since", async () => {
    const before = tree();
    await stage();
    await exchange().swap(operations);
    rmSync(join(site, "index.html"));
    mkdirSync(join(site, "index.html"));
    writeFileSync(join(site, "index.html", "since"), "since");
    writeFileSync(join(site, "gone"), "a file where the folder was");
    await exchange().putBack();
    expect(tree()).toEqual(before);
  });

  it("never gives a file that was written to since a time from before", async () => {
    const times: MetadataWriter = (file, { mtimeNs }) => {
      utimesSync(Buffer.from(file, "latin1"), Number(mtimeNs) / 1e9, Number(mtimeNs) / 1e9);
      return [];
    };
    const place = pathFromText("");
    const options = { run: "restore-1", roots: () => [{ at: place, real: realRoot(site) }] };
    const timed = (fault = (_point: string): void => undefined) =>
      new LocalExchange({ ...options, setMetadata: times, setMetadataBack: times, fault });
    const timeOf = (name: string) => lstatSync(join(site, name)).mtimeMs;
    const adjusting = ["style.css", "index.html", "gone/a.txt"].map((name): SwapOperation => ({
      kind: "setMetadata",
      entry: entry(name, "file", 0o644),
    }));
    const old = timeOf("style.css");
    await timed().stage("a1");
    const { notes } = await timed((point) => {
      if (point === "journal written") utimesSync(join(site, "gone/a.txt"), 1_650_000_000.5, 1_650_000_000.5);
    }).swap(adjusting);
    expect(notes).toEqual([expect.stringMatching(/^gone\/a.txt: it was written to/)]);
    expect(["style.css", "index.html", "gone/a.txt"].map(timeOf)).toEqual([1.7e12, 1.7e12, 1_650_000_000_500]);
    utimesSync(join(site, "index.html"), 1_750_000_000.5, 1_750_000_000.5);
    await timed().putBack();
    expect(timeOf("style.css")).toBeCloseTo(old, 1);
    expect(timeOf("index.html")).toBe(1_750_000_000_500);
  });

  it("names what stands in the way, brings back all the rest, and tries again when it is asked to", async () => {
    write(site, { "deep/a.txt": "a", "deep/b.txt": "b" });
    const before = tree();
    const [root] = await exchange().stage("a1");
    write(root?.directory ?? "", { "deep/a.txt": "new a", "index.html": "new index" });
    await exchange().swap([
      { kind: "place", path: pathFromText("deep/a.txt"), attempt: "a1" },
      { kind: "place", path: pathFromText("index.html"), attempt: "a1" },
    ]);
    rmSync(join(site, "deep"), { recursive: true });
    symlinkSync(join(folder, "nowhere"), join(site, "deep"));
    await expect(exchange().putBack()).rejects.toThrow(/in the way of deep\/a.txt/);
    expect(tree()["index.html"]).toBe(before["index.html"]);
    await expect(exchange().forget()).rejects.toThrow(/under way/);
    rmSync(join(site, "deep"));
    await exchange().putBack();
    expect(tree()["deep/a.txt"]).toBe(before["deep/a.txt"]);
  });

  it("removes a folder in which only our own page is left", async () => {
    await stage();
    await exchange().swap(operations);
    writeFileSync(join(site, "new", "app_offline.htm"), offlinePage("undo-1"));
    await exchange().putBack();
    expect(Object.keys(tree())).not.toContain("new");
  });

  it("is forgotten at once: what a dying process leaves of it looks like nothing", async () => {
    await stage();
    await exchange().swap(operations);
    const after = tree();
    await expect(endingAt(0).dying.forget()).rejects.toBe(ended);
    expect(await exchange().state()).toBe("none");
    await exchange().putBack();
    expect(tree()).toEqual(after);
    await exchange().forget();
    expect(readdirSync(folder)).toEqual(["shop"]);
  });
});

const pathOf = (operation: SwapOperation): BytePath => ("path" in operation ? operation.path : operation.entry.path);
const area = (): string => join(folder, readdirSync(folder).find((name) => name.startsWith(".lifeboat-")) ?? "");

/** Goes on only when it is told to; each `step` lets it make one change. */
const stepwise = () => {
  let goOn: (() => void) | undefined;
  const slow = new LocalExchange({
    run: "restore-1",
    roots: () => [{ at: pathFromText(""), real: realRoot(site) }],
    setMetadata: setMode,
    setMetadataBack: setMode,
    pause: () => new Promise((resolve) => (goOn = resolve)),
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    slow,
    async step(): Promise<void> {
      while (goOn === undefined) await turn();
      goOn();
      goOn = undefined;
      await turn();
    },
  };
};

describe("two attempts at an exchange", () => {
  it("end with the same: the later one takes over, the earlier one waits for it", async () => {
    await stage();
    const { slow, step } = stepwise();
    const first = slow.swap(operations);
    await step();
    await step();
    await exchange().swap([]);
    const after = tree();
    await step();
    await first;
    expect(tree()).toEqual(after);
    expect(await exchange().state()).toBe("swapped");
  });

  it("do not mix: one that still goes forward stops when the other puts back", async () => {
    const before = tree();
    await stage();
    const { slow, step } = stepwise();
    const first = slow.swap(operations);
    await step();
    await step();
    await exchange().putBack();
    expect(tree()).toEqual(before);
    await Promise.all([expect(first).rejects.toThrow(/took over/), step()]);
    expect(tree()).toEqual(before);
    expect(await exchange().state()).toBe("putBack");
  });
});

describeWith(
  "Linux",
  process.platform === "linux",
  "the folder of an exchange, where the system makes none any more",
  () => {
    it("is an error, and does not hold up the process for ever", () => {
      const root = { at: pathFromText(""), real: "/proc" };
      expect(() => makeArea({ root, directory: "/proc/lifeboat" })).toThrow(/ENOENT/);
    });
  },
);
