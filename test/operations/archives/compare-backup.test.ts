import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { backupArchives } from "../../../src/operations/archives/backup-archive.ts";
import { compareBackup } from "../../../src/operations/archives/compare-backup.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";
import { restoreWorld, type RestoreWorld } from "../../support/restore-world.ts";

let world: RestoreWorld;

beforeEach(() => {
  world = restoreWorld();
  mkdirSync(world.home);
  writeFileSync(join(world.home, "index.html"), "the site");
  // Not to be taken for the configuration that lies beside the files.
  writeFileSync(join(world.home, "configuration.json"), "{}");
});
afterEach(() => world.remove());

const set = (mode: string): void => {
  world.settings.now = { appSettings: { MODE: new Secret(mode) }, connectionStrings: {} };
};

const changes = async (deps = world.deps): Promise<readonly string[]> => {
  const wish = { backup: 1, with: 2, path: pathFromText(""), limit: 100 };
  const found = await compareBackup(deps, backupArchives(deps))(world.call, shop, wish);
  return found.changes.map(({ change, path }) => `${change} ${path}`);
};

it("tells nothing of a configuration that is the same, though it was sealed anew", async () => {
  set("production");
  await world.backUp();
  writeFileSync(join(world.home, "configuration.json"), '{"of":"the site"}');
  await world.backUp();
  expect(await changes()).toEqual(["changed configuration.json"]);
});

it("tells of a setting that has another value", async () => {
  set("production");
  await world.backUp();
  set("maintenance");
  await world.backUp();
  expect(await changes()).toEqual(["changed configuration.json"]);
});

it("tells of one that cannot be opened to be compared", async () => {
  set("production");
  await world.backUp();
  await world.backUp();
  expect(await changes()).toEqual([]);
  const { recovery } = memoryInstallation().deps;
  expect(await changes({ ...world.deps, recovery })).toEqual(["changed configuration.json"]);
});
