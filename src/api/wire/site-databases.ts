import type { SiteDatabase } from "../../operations/databases/site-databases.ts";

/** Own extension: ready to be sent back as `databases` of a backup, with what is known of each. */
export const siteDatabaseReply = ({ connectionStringName, type, target, check, problem }: SiteDatabase) => ({
  databaseType: type,
  name: connectionStringName,
  connectionStringName,
  target: target ?? null,
  content: check?.content ?? null,
  sizeInBytes: check?.sizeBytes ?? null,
  tool: check === undefined ? null : `${check.tool} ${check.toolVersion}`,
  serverVersion: check?.serverVersion ?? null,
  weaker: check?.weaker ?? [],
  problem: problem ?? null,
});
