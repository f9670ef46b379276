import type { Installation } from "../../operations/installation.ts";
import { checkArchive } from "./check-archive.ts";
import { checkDatabases } from "./check-databases.ts";
import { closeRestore } from "./close-restore.ts";
import { loadDatabase } from "./load-database.ts";
import { planRestore } from "./plan-restore.ts";
import { putBack } from "./put-back.ts";
import { restageRestore } from "./restage-restore.ts";
import { restoreConfiguration } from "./restore-configuration.ts";
import { stageRestore } from "./stage-restore.ts";
import { startSite } from "./start-site.ts";
import { stopSite } from "./stop-site.ts";
import { swapIn } from "./swap-in.ts";
import { switchDatabases } from "./switch-databases.ts";

/** The steps of restoreSite and undoRestore, by the names that workflows call. */
export const restoreSteps = (deps: Installation) => ({
  checkArchive: checkArchive(deps),
  checkDatabases: checkDatabases(deps),
  loadDatabase: loadDatabase(deps),
  switchDatabases: switchDatabases(deps),
  planRestore: planRestore(deps),
  stageRestore: stageRestore(deps),
  stopSite: stopSite(deps),
  restageRestore: restageRestore(deps),
  swapIn: swapIn(deps),
  restoreConfiguration: restoreConfiguration(deps),
  putBack: putBack(deps),
  startSite: startSite(deps),
  closeRestore: closeRestore(deps),
});
