import type { SiteDatabase } from "../../operations/databases/site-databases.ts";
import { databaseCheckReply } from "./databases.ts";

/** Own extension: ready to be sent back as `databases` of a backup, with what is known of each. */
export const siteDatabaseReply = ({ connectionStringName, type, target, check, problem }: SiteDatabase) => ({
  databaseType: type,
  name: connectionStringName,
  connectionStringName,
  target: target ?? null,
  sizeInBytes: check?.sizeBytes ?? null,
  ...databaseCheckReply(check),
  problem: problem ?? null,
});
