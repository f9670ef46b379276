import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openSqliteCatalog } from "../../src/adapters/catalog/sqlite.ts";
import { openTableCatalog } from "../../src/adapters/catalog/table.ts";
import { endedBackupOf } from "../../src/domain/alarm.ts";
import type { Backup } from "../../src/domain/backup.ts";
import { Secret } from "../../src/domain/secret.ts";
import { deliverAlarms } from "../../src/operations/alarms/deliver-alarms.ts";
import { watchSites } from "../../src/operations/alarms/watch-sites.ts";
import { metricsText } from "../../src/api/wire/metrics.ts";
import { readFigures } from "../../src/operations/checks/read-figures.ts";
import { insertBackup, readBackup } from "../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../src/operations/rows/keys.ts";
import { markSite } from "../../src/operations/rows/mark-rows.ts";
import type { Catalog } from "../../src/ports/catalog.ts";
import { noteVerified } from "../../src/steps/verify/note-damage.ts";
import { alarmWorld } from "../operations/alarms/alarm-world.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { shop } from "../support/installation.ts";
import { keptBackup } from "../support/kept-backup.ts";
import { describeWith } from "../support/needs.ts";

const verification = { quick: false, checked: 1, entries: 1, sizeBytes: 1, faultCount: 0, faults: [] };
const damaged = { ...verification, faultCount: 1, faults: [{ code: "Missing", problem: "It is gone." }] };

/** A site whose backups a verify finds damaged, with a process that starts anew before every look. */
const damageIsHeard = (open: () => Promise<Catalog>): void => {
  const world = alarmWorld();
  let catalog: Catalog | undefined;
  const reopened = async () => {
    await catalog?.close();
    catalog = await open();
    return { ...world.deps, catalog };
  };
  afterEach(async () => {
    await catalog?.close();
    catalog = undefined;
  });

  const backupEnds = async (id: number): Promise<Backup> => {
    const deps = await reopened();
    const backup = keptBackup({ id, name: `b${id}`, finished: world.clock.time.toISOString() });
    await deps.catalog.write(sitePartition(shop), [insertBackup(backup)]);
    await markSite(deps.catalog, shop, endedBackupOf(backup));
    return backup;
  };
  const look = async (): Promise<readonly string[]> => {
    const deps = await reopened();
    await watchSites(deps)(world.call);
    world.pass(1);
    await deliverAlarms(deps)(world.call);
    return world.taken.splice(0).map(({ alarm }) => alarm.title);
  };
  const metrics = async (): Promise<readonly string[]> =>
    metricsText(await readFigures(await reopened()))
      .split("\n")
      .filter((line) => /^lifeboat_(newest_good|site_in_trouble)/.test(line))
      .map((line) => line.replace(/\{.*\}/, ""));

  it("the only good backup of a site that is found damaged is none, until it is whole again or another is made", async () => {
    const first = await backupEnds(1);
    expect(await look()).toEqual([]);
    expect(await metrics()).toEqual(["lifeboat_newest_good_backup_age_seconds 60", "lifeboat_site_in_trouble 0"]);

    await noteVerified(await reopened(), first, damaged);
    expect(await look()).toEqual(["shop: no good backup: 1 (b1) was found damaged"]);
    expect(await look()).toEqual([]);
    expect(await metrics()).toEqual(["lifeboat_site_in_trouble 1"]);

    await noteVerified(await reopened(), first, verification);
    expect(await look()).toEqual(["shop: backups are good again (1, b1)"]);
    expect(await metrics()).toEqual(["lifeboat_newest_good_backup_age_seconds 240", "lifeboat_site_in_trouble 0"]);

    const second = await backupEnds(2);
    expect(await look()).toEqual([]);
    await noteVerified(await reopened(), second, damaged);
    expect(await look()).toEqual([]);
    expect(await metrics()).toEqual(["lifeboat_newest_good_backup_age_seconds 360", "lifeboat_site_in_trouble 0"]);
    expect((await readBackup((await reopened()).catalog, shop, 2))?.backup.damaged).toBeDefined();
  });
};

describe("damage that a verify finds, in SQLite", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "lifeboat-damage-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  damageIsHeard(() => openSqliteCatalog(join(folder, "lifeboat.db")));
});

describeWith("azurite", azuritePresent, "damage that a verify finds, in Table Storage", () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite({ tables: true });
  });
  afterAll(() => azurite.stop());
  damageIsHeard(() => openTableCatalog({ connection: new Secret(azurite.connectionString), table: "damage" }));
});
