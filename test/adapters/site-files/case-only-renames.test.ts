import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { realRoot } from "../../../src/adapters/site-files/beneath.ts";
import { LocalExchange } from "../../../src/adapters/site-files/exchange/local-exchange.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import type { SwapOperation } from "../../../src/ports/site-host.ts";
import { foldNamesBelow } from "../../support/folding-names.ts";

let folder: string;
let unfold: () => void;

const write = (files: Readonly<Record<string, string>>, root = join(folder, "shop")): void => {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), content);
  }
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-cases-"));
  write({ "Readme.txt": "old", "Img/logo.png": "old", "Img/Only Before.png": "old", "same.txt": "old" });
  unfold = () => undefined;
});
afterEach(() => {
  unfold();
  rmSync(folder, { recursive: true, force: true });
});

const tree = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(folder, "shop"), { recursive: true, encoding: "utf8" })
      .sort()
      .map((name) => {
        const file = join(folder, "shop", name);
        return [name, statSync(file).isDirectory() ? "/" : readFileSync(file, "utf8")];
      }),
  );

const restored = {
  "README.TXT": "new",
  img: "/",
  "img/logo.png": "new",
  "img/added.png": "new",
  "new.txt": "new",
  "same.txt": "new",
};
const files = Object.fromEntries(Object.entries(restored).filter(([, content]) => content === "new"));

const place = (path: string): SwapOperation => ({ kind: "place", path: pathFromText(path), attempt: "a1" });
const operations: readonly SwapOperation[] = [
  { kind: "remove", path: pathFromText("Readme.txt") },
  { kind: "remove", path: pathFromText("Img/logo.png") },
  { kind: "remove", path: pathFromText("Img/Only Before.png") },
  { kind: "removeDirectory", path: pathFromText("Img") },
  { kind: "makeDirectory", path: pathFromText("img") },
  ...Object.keys(files).map(place),
];

const exchange = (fault?: (point: string) => void): LocalExchange =>
  new LocalExchange({
    run: "restore-1",
    roots: () => [{ at: pathFromText(""), real: realRoot(join(folder, "shop")) }],
    setMetadata: () => [],
    setMetadataBack: () => [],
    flush: async () => undefined,
    ...(fault === undefined ? {} : { fault }),
  });

const stage = async (): Promise<void> => {
  const [root] = await exchange().stage("a1");
  write(files, root?.directory ?? "");
};

const ended = new Error("the process ends here");
/** An exchange whose process ends at that point, if it comes so far. */
const endingAt = (wanted: number): LocalExchange => {
  let points = 0;
  return exchange(() => {
    if (points++ === wanted) throw ended;
  });
};
const ifEnded = (error: unknown): void => expect(error).toBe(ended);

describe("an exchange that places two names of a folder inside the site", () => {
  const twins = { "Img/Logo.png": "one", "Img/logo.png": "other" };
  const placeAll = (given: Readonly<Record<string, string>>): Promise<unknown> =>
    exchange().swap(Object.keys(given).map(place));
  const stageAll = async (given: Readonly<Record<string, string>>): Promise<void> => {
    const [root] = await exchange().stage("a1");
    write(given, root?.directory ?? "");
  };
  const refused = {
    code: "RestoreFailed",
    message: expect.stringContaining('"Img/logo.png" for that of another file'),
  };

  // As on ext4, where one folder may take names for one and the site's root does not.
  it("says so where they are one there, before either is lost, and is put back", async () => {
    rmSync(join(folder, "shop/Img/logo.png"));
    unfold = foldNamesBelow(join(folder, "shop/Img"));
    const before = tree();
    await stageAll(twins);
    await expect(placeAll(twins)).rejects.toMatchObject(refused);
    expect(tree()["Img/Logo.png"]).toBe("one");
    await expect(exchange().swap([]), "asked again").rejects.toMatchObject(refused);
    await exchange().putBack();
    expect(tree()).toEqual(before);
  });

  it("has both where they are two, also what the application has written meanwhile", async () => {
    rmSync(join(folder, "shop/Img/logo.png"));
    await stageAll(twins);
    const meanwhile = exchange((point) => {
      if (point === "journal written") write({ "Img/logo.png": "meanwhile" });
    });
    await meanwhile.swap(Object.keys(twins).map(place));
    expect(tree()).toMatchObject(twins);
  });

  it("says so where two folders are one, of the first file that is in both; else it notes that they are", async () => {
    unfold = foldNamesBelow(folder);
    const folders: SwapOperation[] = ["Css", "css"].map((path) => ({
      kind: "makeDirectory",
      path: pathFromText(path),
    }));
    await stageAll({ "Css/a.css": "one", "b.css": "other" });
    expect((await exchange().swap([...folders, place("Css/a.css")])).notes).toEqual([
      "css: the site's file system takes this folder's name for that of another, and they are one now.",
    ]);
    await exchange().putBack();
    await exchange().forget();
    const [root] = await exchange().stage("a1");
    unfold();
    write({ "Css/a.css": "one", "css/a.css": "other" }, root?.directory ?? "");
    unfold = foldNamesBelow(join(folder, "shop"));
    await expect(exchange().swap([...folders, place("Css/a.css"), place("css/a.css")])).rejects.toMatchObject({
      message: expect.stringContaining('"css/a.css"'),
    });
  });
});

describe("an exchange of names that differ in letter case only", () => {
  const thereAndBack = async (): Promise<void> => {
    const before = tree();
    await stage();
    await exchange().swap(operations);
    expect(tree()).toEqual(restored);
    await exchange().putBack();
    expect(tree()).toEqual(before);
  };

  it("gives the site the archive's names and content, and those from before", thereAndBack);

  it("does so where letter case does not count", async () => {
    unfold = foldNamesBelow(folder);
    await thereAndBack();
  });

  it("does so there wherever it is cut off, also when putting back is cut off anywhere", async () => {
    unfold = foldNamesBelow(folder);
    const before = tree();
    // Turned folders and marks are points, too.
    const points = operations.length + 8;
    for (let point = 1; point < points; point++) {
      await stage();
      await endingAt(point).swap(operations).catch(ifEnded);
      await exchange().swap([]);
      expect(tree(), `cut off at ${point}`).toEqual(restored);
      await endingAt(point).putBack().catch(ifEnded);
      await exchange().putBack();
      expect(tree(), `cut off at ${point} on the way back`).toEqual(before);
      await exchange().forget();
    }
  });
});
