import type { BytePath } from "../../domain/byte-path.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";
import { pieces, type ByteSource } from "./byte-source.ts";
import { centralHeaderBytes } from "../records/central-encoder.ts";
import { centralRecordExtent, decodeNextRecord } from "../records/central-decoder.ts";
import { CommitIdBuilder, type CommitId } from "../directory/commit-id.ts";
import { DirectoryColumns } from "../directory/directory-columns.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { ByteReader } from "../records/little-endian.ts";
import { localHeaderBytes } from "../records/local-header.ts";
import type { ArchiveExtent } from "./locate-directory.ts";
import { nameFault } from "../records/safe-name.ts";

const pieceBytes = 4 * 2 ** 20;
/** Deflate cannot make more than 1,032 bytes of one. */
const mostBytesOfOne = 1032;
const maxTargetBytes = 0xffff;

/** Reads the central directory in pieces, checks every record by itself, and computes the commit id. */
export const readDirectory = async (
  source: ByteSource,
  extent: ArchiveExtent,
  signal?: AbortSignal,
): Promise<{ readonly directory: DirectoryColumns; readonly commitId: CommitId }> => {
  if (extent.entries * centralHeaderBytes > extent.directoryBytes)
    throw new ArchiveInvalid("BadCount", `The directory is too short for its ${extent.entries} entries.`);
  const directory = new DirectoryColumns();
  const commitId = new CommitIdBuilder();
  const start = extent.directoryOffset;
  let records = 0;
  let rest: Uint8Array = new Uint8Array();
  for await (const piece of pieces(source, { start, end: start + extent.directoryBytes, pieceBytes }, signal)) {
    commitId.update(piece);
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const fields = new ByteReader(bytes);
    for (;;) {
      const length = centralRecordExtent(bytes, fields.position);
      if (length === undefined || length > fields.left) break;
      const record = { at: fields.position, end: fields.position + length };
      if (directory.appendRecord(bytes, record, extent.prefixBytes)) {
        fields.skip(length);
        checkRow(directory, extent);
      } else addChecked(directory, decodeNextRecord(fields, directory.owners), extent);
      records++;
    }
    rest = bytes.subarray(fields.position);
  }
  if (rest.length > 0) throw new ArchiveInvalid("Truncated", `The directory ends within a record (entry ${records}).`);
  if (records !== extent.entries)
    throw new ArchiveInvalid("BadCount", `The directory has ${records} entries and says ${extent.entries}.`);
  return { directory, commitId: commitId.finish() };
};

/** Some tools write `./` before every name, and an entry for the root itself, which is none of its contents. */
export const plainName = (name: BytePath): BytePath => {
  let plain: string = name;
  while (plain.startsWith("./")) plain = plain.slice(2);
  // The cast is safe: a part of a byte path.
  return plain as BytePath;
};

const addChecked = (directory: DirectoryColumns, entry: DirectoryEntry, extent: ArchiveExtent): void => {
  const name = plainName(entry.name);
  if (name === "" && entry.name !== "") return;
  checkName(name);
  checkSizes(entry, name);
  const offset = entry.offset + extent.prefixBytes;
  if (offset + localHeaderBytes + entry.name.length + entry.storedBytes > extent.directoryOffset)
    throw new ArchiveInvalid("BadOffset", "It is said to lie beyond the end of the archive's data.", { entry: name });
  directory.append(offset === entry.offset && name === entry.name ? entry : { ...entry, name, offset });
};

/** The same of a row that was added; its name has nothing that `plainName` would take away. */
const checkRow = (directory: DirectoryColumns, extent: ArchiveExtent): void => {
  const place = directory.length - 1;
  const name = directory.name(place);
  const offset = directory.offset(place);
  const storedBytes = directory.storedBytes(place);
  checkName(name);
  const [generalFlags, method] = [directory.generalFlags(place), directory.method(place)];
  checkSizes(
    { generalFlags, method, sizeBytes: directory.sizeBytes(place), storedBytes, kind: directory.kind(place) },
    name,
  );
  if (offset + localHeaderBytes + name.length + storedBytes > extent.directoryOffset)
    throw new ArchiveInvalid("BadOffset", "It is said to lie beyond the end of the archive's data.", { entry: name });
};

const checkName = (name: BytePath): void => {
  // The cast is safe: a part of a byte path.
  const fault = nameFault((name.endsWith("/") ? name.slice(0, -1) : name) as BytePath);
  if (fault !== undefined) throw new ArchiveInvalid("BadName", fault, { entry: name });
};

const checkSizes = (
  entry: Pick<DirectoryEntry, "generalFlags" | "method" | "sizeBytes" | "storedBytes" | "kind">,
  name: BytePath,
): void => {
  const encrypted = (entry.generalFlags & 1) !== 0;
  if (entry.method === 0 && !encrypted && entry.sizeBytes !== entry.storedBytes)
    throw new ArchiveInvalid("SizeMismatch", "It is stored as it is, yet its two sizes differ.", { entry: name });
  if (entry.method === 8 && entry.sizeBytes > (entry.storedBytes + 1) * mostBytesOfOne)
    throw new ArchiveInvalid("Bomb", "It is said to be larger than its stored bytes can become.", { entry: name });
  // It would be lost without a word, for no unpacker has a place for it.
  if (entry.kind === "directory" && entry.sizeBytes > 0)
    throw new ArchiveInvalid("BadRecord", "It is a folder, and yet has content.", { entry: name });
  if (entry.kind === "link" && entry.sizeBytes > maxTargetBytes)
    throw new ArchiveInvalid("BadRecord", "It is a link whose target is longer than any path.", { entry: name });
};
