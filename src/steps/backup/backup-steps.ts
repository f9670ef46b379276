import type { Installation } from "../../operations/installation.ts";
import { closeBackup } from "./close-backup.ts";
import { copyUnchanged } from "./copy-unchanged.ts";
import { describeBackup } from "./describe-backup.ts";
import { dumpDatabase } from "./dump-database.ts";
import { openBackup } from "./open-backup.ts";
import { packShard } from "./pack-shard.ts";
import { planArchive } from "./plan-archive.ts";
import { planDatabases } from "./plan-databases.ts";
import { readBack } from "./read-back.ts";
import { removeBackup } from "./remove-backup.ts";
import { sealArchive } from "./seal-archive.ts";

/** The steps of backupSite and deleteBackup, by the names that workflows call. */
export const backupSteps = (deps: Installation) => ({
  openBackup: openBackup(deps),
  planDatabases: planDatabases(deps),
  planArchive: planArchive(deps),
  copyUnchanged: copyUnchanged(deps),
  packShard: packShard(deps),
  dumpDatabase: dumpDatabase(deps),
  sealArchive: sealArchive(deps),
  readBack: readBack(deps),
  describeBackup: describeBackup(deps),
  closeBackup: closeBackup(deps),
  removeBackup: removeBackup(deps),
});
