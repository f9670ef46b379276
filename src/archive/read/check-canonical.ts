import { ArchiveInvalid } from "../archive-invalid.ts";
import { pieces, type ByteSource } from "./byte-source.ts";
import { archiveComment, commitIdInComment } from "../directory/commit-id.ts";
import { encodeEnd } from "../records/end-records.ts";
import { localHeaderLength } from "../records/local-header.ts";
import type { Archive } from "./open-archive.ts";

const pieceBytes = 4 * 2 ** 20;

/** Whether an archive says that Lifeboat wrote it: then every bit of it has to be as Lifeboat writes it. */
export const claimsToBeOurs = ({ extent, directory, commitId }: Archive): boolean => {
  if (commitIdInComment(extent.comment) !== undefined) return true;
  // Without entries the comment is all there is, so even a damaged one counts.
  if (directory.length === 0) return extent.comment.length === archiveComment(commitId).length;
  for (let place = 0; place < directory.length; place++) if (directory.at(place).storedCrc !== undefined) return true;
  return false;
};

/** Entry behind entry from the first byte to the directory, without a byte between. Reads nothing. */
export const checkNoGaps = ({ directory, byOffset, extent }: Archive): void => {
  let end = 0;
  for (const place of byOffset) {
    const entry = directory.at(place);
    if (entry.offset !== end)
      throw new ArchiveInvalid("UnexplainedBytes", `Bytes ${end} to ${entry.offset} belong to nothing.`);
    end = entry.offset + localHeaderLength(entry) + entry.storedBytes;
  }
  if (end !== extent.directoryOffset)
    throw new ArchiveInvalid("UnexplainedBytes", `Bytes ${end} to ${extent.directoryOffset} belong to nothing.`);
};

/** Directory and end records are, byte by byte, what Lifeboat makes of what they say. */
export const checkCanonical = async (archive: Archive, signal?: AbortSignal): Promise<void> => {
  const { source, extent, directory, commitId } = archive;
  if (extent.comment !== archiveComment(commitId))
    throw new ArchiveInvalid("CommitIdMismatch", "The directory is not the one whose commit id the archive carries.");
  const end = encodeEnd(
    { entries: directory.length, offset: extent.directoryOffset, sizeBytes: extent.directoryBytes },
    extent.comment,
  );
  await checkSame(source, extent.directoryOffset, expectedBytes(archive, end), signal);
};

function* expectedBytes({ directory }: Archive, end: Uint8Array): Generator<Uint8Array> {
  yield* directory.encode();
  yield end;
}

/** Everything from `start` to the end of the source is what `expected` gives. */
const checkSame = async (
  source: ByteSource,
  start: number,
  expected: Iterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const found = pieces(source, { start, end: source.sizeBytes, pieceBytes }, signal);
  let rest: Uint8Array = new Uint8Array();
  let at = start;
  for (const want of expected) {
    for (let compared = 0; compared < want.length;) {
      if (rest.length === 0) {
        const next = await found.next();
        if (next.done === true) throw differs(at);
        rest = next.value;
      }
      const length = Math.min(rest.length, want.length - compared);
      if (Buffer.compare(rest.subarray(0, length), want.subarray(compared, compared + length)) !== 0) throw differs(at);
      rest = rest.subarray(length);
      compared += length;
      at += length;
    }
  }
  if (at !== source.sizeBytes) throw differs(at);
};

const differs = (at: number): ArchiveInvalid =>
  new ArchiveInvalid(
    "NotCanonical",
    `The directory or the end record differs from what Lifeboat writes (near byte ${at}).`,
  );
