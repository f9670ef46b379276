import { createHash } from "node:crypto";
import { objectSource } from "../../src/archive/read/byte-source.ts";
import type { DirectoryEntry } from "../../src/archive/records/directory-entry.ts";
import { openArchive, type Archive } from "../../src/archive/read/open-archive.ts";
import { readEntry } from "../../src/archive/read/read-entry.ts";
import { verifyArchive } from "./verify-archive.ts";
import type { BytePath } from "../../src/domain/byte-path.ts";
import type { Destination } from "../../src/ports/destination.ts";
import { inlineRunner } from "./inline-runners.ts";

/** What an entry is, however and wherever its bytes are stored. */
type EntryContents = Omit<
  DirectoryEntry,
  "offset" | "method" | "generalFlags" | "storedBytes" | "storedCrc" | "mayHaveChanged" | "changedWhileRead" | "hash"
> & { readonly hash: string | undefined; readonly sha256: string };

export const openStoredArchive = async (destination: Destination, name: string): Promise<Archive> => {
  const object = await destination.head(name);
  if (object === undefined) throw new Error(`There is no ${name}.`);
  return openArchive(objectSource(destination, object));
};

export const contentOf = async (archive: Archive, place: number): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of readEntry(archive, place)) parts.push(part);
  return Buffer.concat(parts);
};

/** Everything in an archive, by name; throws unless every bit of it is as Lifeboat writes it. */
export const soundContents = async (
  destination: Destination,
  name: string,
): Promise<ReadonlyMap<BytePath, EntryContents>> => {
  const archive = await openStoredArchive(destination, name);
  const report = await verifyArchive(archive, { inflate: true, commitId: archive.commitId, runner: inlineRunner });
  if (!report.ok || !report.isOurs) throw new Error(report.faults.map(({ message }) => message).join("\n"));
  const contents = new Map<BytePath, EntryContents>();
  for (let place = 0; place < archive.directory.length; place++) {
    const {
      name: entry,
      kind,
      crc,
      sizeBytes,
      mode,
      uid,
      gid,
      mtimeNs,
      ctimeNs,
      inode,
      hash,
    } = archive.directory.at(place);
    contents.set(entry, {
      name: entry,
      kind,
      crc,
      sizeBytes,
      mode,
      uid,
      gid,
      mtimeNs,
      ctimeNs,
      inode,
      hash: hash && Buffer.from(hash).toString("hex"),
      sha256: createHash("sha256")
        .update(await contentOf(archive, place))
        .digest("hex"),
    });
  }
  return contents;
};
