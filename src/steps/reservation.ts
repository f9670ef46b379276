import type { Backup } from "../domain/backup.ts";
import type { Installation } from "../operations/installation.ts";
import { nameKey, namesPartition } from "../operations/rows/keys.ts";
import type { RowChange } from "../ports/catalog.ts";

/** What releases the backup's name in its container as long as the reservation is the one that is there now. */
export const reservationOf = async (
  { catalog }: Pick<Installation, "catalog">,
  { destination, blobBase }: Backup,
): Promise<RowChange | undefined> => {
  const row = await catalog.get(namesPartition(destination), nameKey(blobBase));
  return row && { kind: "remove", key: row.key, version: row.version };
};
