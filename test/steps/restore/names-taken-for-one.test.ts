import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { planRestore } from "../../../src/operations/restores/plan-restore.ts";
import { shop } from "../../support/installation.ts";
import { buildTree, treeOf } from "../../support/file-tree.ts";
import { foldNamesBelow } from "../../support/folding-names.ts";
import { everything, restoreWorld, type RestoreWorld } from "../../support/restore-world.ts";

let world: RestoreWorld;
let unfold: () => void;
beforeEach(() => {
  world = restoreWorld();
  unfold = () => undefined;
});
afterEach(() => {
  unfold();
  world.remove();
});

const at = (path: string): string => join(world.home, "site/wwwroot", path);
const build = (...names: readonly string[]): void =>
  buildTree(world.home, treeOf(Object.fromEntries(names.map((name) => [`site/wwwroot/${name}`, { content: name }]))));
/** Names and contents. */
const contents = (): readonly (readonly [string, string | undefined])[] =>
  [...world.tree()].map(([path, { sha256 }]) => [path, sha256]);
const fold = (): void => void (unfold = foldNamesBelow(world.folder));

const refused = async (...given: Parameters<RestoreWorld["restore"]>): Promise<string | undefined> => {
  const before = contents();
  const done = await world.restore(...given);
  expect(done.status).toBe("Failed");
  expect(done.steps).not.toContain("stopSite");
  expect(contents()).toEqual(before);
  expect(world.areas()).toEqual([]);
  return done.log;
};

describe("a backup with names that the site's file system takes for one", () => {
  it("is refused before anything is touched, and names them", async () => {
    build("index.html", "Logo.png", "logo.png");
    const backup = await world.backUp();
    rmSync(at("Logo.png"));
    rmSync(at("logo.png"));
    fold();
    expect(await refused(backup)).toContain(
      '"site/wwwroot/Logo.png" and "site/wwwroot/logo.png" cannot both be in the site',
    );
  });

  it("is refused where the site has one of them already, which would be lost", async () => {
    build("index.html", "Logo.png", "logo.png");
    const backup = await world.backUp();
    rmSync(at("Logo.png"));
    fold();
    expect(await refused(backup)).toContain(
      '"site/wwwroot/logo.png" and "site/wwwroot/Logo.png" cannot both be in the site',
    );
    const plan = await planRestore(world.deps)(world.call, shop, {
      restore: { ...everything, backup: backup.id },
      showAll: false,
      limit: 10,
    });
    expect(plan.problems).toEqual([expect.stringContaining("cannot both be in the site")]);
  });

  it("is refused where their folders are such names", async () => {
    build("Img/a.png", "img/b.png");
    const backup = await world.backUp();
    rmSync(at("Img"), { recursive: true });
    fold();
    expect(await refused(backup)).toContain('"site/wwwroot/img" and "site/wwwroot/Img" cannot both be in the site');
  });

  it("is restored where the file system can hold all of them, and leaves no trace of the question", async () => {
    build("index.html", "Logo.png", "logo.png");
    const backup = await world.backUp();
    const before = contents();
    rmSync(at("Logo.png"));
    rmSync(at("logo.png"));
    expect((await world.restore(backup)).status).toBe("Succeeded");
    expect(contents()).toEqual(before);
  });
});

describe("a site whose file system does not count letter case", () => {
  it("gets the names of the backup, and its own back", async () => {
    build("Readme.txt", "Img/logo.png", "same.txt");
    const backup = await world.backUp();
    const archived = contents();
    renameSync(at("Readme.txt"), at("README.TXT"));
    renameSync(at("Img"), at("img"));
    writeFileSync(at("img/added.png"), "added");
    const before = contents();
    fold();
    expect((await world.restore(backup)).status).toBe("Succeeded");
    expect(contents()).toEqual(archived);
    expect((await world.undo()).status).toBe("Succeeded");
    expect(contents()).toEqual(before);
  });

  it("keeps a file that the restore does not bring, when a chosen path is taken for it", async () => {
    build("Readme.txt");
    const backup = await world.backUp();
    renameSync(at("Readme.txt"), at("README.TXT"));
    fold();
    const paths = [pathFromText("site/wwwroot/Readme.txt")];
    expect(await refused(backup, { paths })).toContain("cannot both be in the site");
  });

  it("keeps one that came while the restore was prepared", async () => {
    build("index.html", "Logo.png");
    const backup = await world.backUp();
    rmSync(at("Logo.png"));
    fold();
    const steps = world.steps();
    const done = await world.restore(
      backup,
      { paths: [pathFromText("site/wwwroot/Logo.png")] },
      {
        stopSite: async (...given) => {
          mkdirSync(at(""), { recursive: true });
          writeFileSync(at("logo.png"), "uploaded");
          return steps.stopSite(...given);
        },
      },
    );
    expect(done).toMatchObject({ status: "Failed", log: expect.stringContaining("cannot both be in the site") });
    expect(contents().map(([path]) => path)).toContain("site/wwwroot/logo.png");
    expect(contents().map(([path]) => path)).not.toContain("site/wwwroot/Logo.png");
  });
});
