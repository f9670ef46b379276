import type { DatabaseReference } from "../../domain/database.ts";
import type { Secret } from "../../domain/secret.ts";
import { keepDatabases } from "../../operations/databases/database-wishes.ts";
import type { Installation } from "../../operations/installation.ts";
import { loadedDatabaseKey } from "../../operations/rows/keys.ts";
import { insertLoadedDatabase, readLoadedDatabase } from "../../operations/rows/loaded-database-rows.ts";
import { changeSite } from "../../operations/rows/site-row.ts";
import type { RunRef } from "../../workflows/contract.ts";
import { databaseToken } from "../database-names.ts";
import { isOwner } from "../owns-site.ts";
import { RunLost } from "../progress.ts";
import { changeLoaded } from "./restored-databases.ts";

interface WritingDown {
  readonly place: number;
  readonly reference: DatabaseReference;
  readonly connectionString: Secret;
  readonly replaces: boolean;
}

/**
 * Notes that a run is about to make databases on a server, and how that is reached: whatever becomes of the run, somebody
 * finds them. Once: what an attempt before found counts, for by now there may be something of ours.
 */
export const writeDownDatabase = async (
  deps: Installation,
  ref: RunRef,
  { place, reference, connectionString, replaces }: WritingDown,
): Promise<void> => {
  const key = loadedDatabaseKey(ref.run, place);
  const { connectionStringName: _, ...plain } = reference;
  const kept = await keepDatabases(deps, key, { wishes: [{ ...plain, connectionString }], before: new Map() });
  await changeSite(deps.catalog, ref.site, async (row) => {
    if (!isOwner(ref, row)) throw new RunLost(ref.run);
    if ((await readLoadedDatabase(deps.catalog, ref.site, { run: ref.run, place })) !== undefined)
      return { row, result: undefined };
    const added = insertLoadedDatabase({
      run: ref.run,
      place,
      reference: plain,
      databaseSecrets: kept.databaseSecrets ?? "",
      token: databaseToken(ref.run, place),
      replaces,
      scratches: [],
      state: "loading",
    });
    return { row, also: [added], result: undefined };
  });
};

/** Before an attempt makes a database of this name. */
export const writeDownScratch = (
  deps: Installation,
  ref: RunRef,
  { place, name }: { readonly place: number; readonly name: string },
) =>
  changeLoaded(deps, ref, {
    place,
    change: (database) => ({ ...database, scratches: [...database.scratches, name] }),
  });
