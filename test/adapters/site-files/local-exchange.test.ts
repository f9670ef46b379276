import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LocalExchange } from "../../../src/adapters/site-files/exchange/local-exchange.ts";
import type { MetadataWriter } from "../../../src/adapters/site-files/exchange/moves.ts";
import { realRoot } from "../../../src/adapters/site-files/beneath.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import type { ListedEntry } from "../../../src/domain/listing.ts";
import { offlinePage } from "../../../src/domain/own-names.ts";
import type { SwapOperation } from "../../../src/ports/site-host.ts";

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

const exchange = (fault?: (point: string) => void) =>
  new LocalExchange({
    run: "restore-1",
    roots: () => [{ at: pathFromText(""), real: realRoot(site) }],
    setMetadata: setMode,
    setMetadataBack: setMode,
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
const endingAt = (wanted: number) => {
  const seen = { points: 0 };
  const dying = exchange(() => {
    if (seen.points++ === wanted) throw ended;
  });
  return { dying, seen };
};

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

  it("says what the disk lacks before anything is touched", async () => {
    const problems = await exchange().check({
      staged: [{ path: pathFromText("new"), sizeBytes: 2 ** 60 }],
      changed: [],
    });
    expect(problems).toEqual([expect.stringMatching(/bytes free/)]);
  });
});
