import type { Archive } from "../../archive/read/open-archive.ts";
import { readEntry } from "../../archive/read/read-entry.ts";
import { pathText } from "../../domain/byte-path.ts";

/** A database of an archive. */
export interface FoundDatabase {
  /** ARM's word, as far as it can be told. */
  readonly type: string;
  readonly name: string;
  readonly connectionStringName?: string;
}

/** App Service puts dumps into the root of the zip and files below `fs`; nothing but a dump's first bytes tells its kind. */
export const dumpsIn = async (archive: Archive): Promise<readonly FoundDatabase[]> => {
  const found: FoundDatabase[] = [];
  for (let place = 0; place < archive.directory.length; place++) {
    const name = archive.directory.name(place);
    if (/[/\\]/.test(name)) continue;
    const type = kindOfDump(await beginning(archive, place));
    if (type !== undefined) found.push({ type, name: pathText(name) });
  }
  return found;
};

const beginning = async (archive: Archive, place: number): Promise<Buffer> => {
  for await (const piece of readEntry(archive, place)) return Buffer.from(piece.subarray(0, 200));
  return Buffer.alloc(0);
};

/** A BACPAC is a zip. */
const kindOfDump = (bytes: Buffer): string | undefined => {
  const text = bytes.toString("latin1");
  if (text.startsWith("PK\x03\x04")) return "SqlAzure";
  if (text.startsWith("PGDMP") || text.includes("PostgreSQL database dump")) return "PostgreSql";
  return /^-- (?:MySQL|MariaDB) dump|\/\*!\d{5,6} /m.test(text) ? "MySql" : undefined;
};
