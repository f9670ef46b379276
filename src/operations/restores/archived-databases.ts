import { findEntry } from "../../archive/directory/browse.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import { databaseTypeOf, engineOf, type DatabaseReference, type DatabaseType } from "../../domain/database.ts";
import { refuse } from "../../domain/errors.ts";
import { pathFromText } from "../../domain/byte-path.ts";
import { dumpsIn } from "../databases/dumps-in.ts";
import type { RestoreArchive } from "./restore-archive.ts";

/** A dump in an archive, and the database it is to be loaded into. */
export interface WantedDatabase {
  readonly reference: DatabaseReference;
  readonly entry: BytePath;
  /** Before packing. */
  readonly sizeBytes: number;
  /** Which of a site's connection strings leads to it, as the request says, else the backup. */
  readonly connectionStringName?: string;
}

interface Archived {
  readonly type: DatabaseType;
  readonly name: string;
  readonly entry: BytePath;
  readonly connectionStringName?: string;
}

/** Which dump each wish means, by name. Refused when the archive has none of that name, or of another kind of server. */
export const wantedDatabases = async (
  opened: RestoreArchive,
  wishes: readonly DatabaseReference[],
): Promise<readonly WantedDatabase[]> => {
  if (wishes.length === 0) return [];
  const archived = await databasesIn(opened);
  return wishes.map((wish) => {
    const found = archived.find(({ name }) => name.toLowerCase() === wish.name.toLowerCase());
    const names = archived.length === 0 ? "none" : archived.map(({ name }) => name).join(", ");
    if (found === undefined) throw unusable(`The backup holds no database "${wish.name}"; it holds ${names}.`);
    if (engineOf(found.type) !== engineOf(wish.type))
      throw unusable(`The database "${wish.name}" of the backup is of type ${found.type}, not ${wish.type}.`);
    const place = findEntry(opened.archive.directory, found.entry);
    if (place === undefined) throw unusable(`The dump of ${wish.name} (${found.entry}) is not in the archive.`);
    const connectionStringName = wish.connectionStringName ?? found.connectionStringName;
    return {
      reference: wish,
      entry: found.entry,
      sizeBytes: opened.archive.directory.sizeBytes(place),
      ...(connectionStringName === undefined ? {} : { connectionStringName }),
    };
  });
};

const unusable = (reason: string) => refuse("RestoreFailed", { reason });

/** As the manifest tells; of an archive without one, what looks like a dump in its root. */
const databasesIn = async ({ manifest, archive }: RestoreArchive): Promise<readonly Archived[]> => {
  const found: readonly (Omit<Archived, "type"> & { readonly type: string })[] =
    manifest?.databases ?? (await dumpsIn(archive)).map((one) => ({ ...one, entry: pathFromText(one.name) }));
  return found.flatMap(({ type, ...rest }) => {
    const known = databaseTypeOf(type);
    return known === undefined ? [] : [{ ...rest, type: known }];
  });
};
