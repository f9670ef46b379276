import { deflateRawSync } from "node:zlib";
import type { BytePath } from "../../domain/byte-path.ts";
import type { SiteFiles } from "../../ports/site-files.ts";
import type { ListingColumns } from "../listing/listing-columns.ts";
import { isUnreadable } from "../listing/read-carefully.ts";

const samples = 256;
/** Twice what deflate looks back: a shorter piece would seem to hold more than it adds to its file. */
const pieceBytes = 64 * 1024;

interface Sampled {
  readonly files: Pick<SiteFiles, "read">;
  readonly listing: ListingColumns;
  readonly level: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * About how many bytes the listing's files take once packed, by deflating pieces that lie evenly over all their bytes: 16
 * MiB are read at most, however much there is. What cannot be read counts nothing.
 */
export const sampledSize = async ({ files, listing, level, signal }: Sampled): Promise<number> => {
  const total = listing.totalBytes();
  let packed = 0;
  for (const { path, offset, length } of piecesOf(listing, total)) {
    signal?.throwIfAborted();
    const bytes = await readOrNothing(files, { path, offset, length }, signal);
    if (bytes.length > 0) packed += Math.min(1, deflateRawSync(bytes, { level }).length / bytes.length);
  }
  return Math.floor((packed / samples) * total);
};

interface Piece {
  readonly path: BytePath;
  readonly offset: number;
  readonly length: number;
}

/** Around every point of a grid over the bytes of all files, one behind the other. */
function* piecesOf(listing: ListingColumns, total: number): Generator<Piece> {
  const step = total / samples;
  let begin = 0;
  let point = step / 2;
  for (let place = 0; place < listing.length && point < total; place++) {
    const sizeBytes = listing.sizeBytes(place);
    const end = begin + sizeBytes;
    for (; point < end; point += step) {
      const { kind, path } = listing.at(place);
      const offset = Math.max(0, Math.min(Math.floor(point - begin - pieceBytes / 2), sizeBytes - pieceBytes));
      if (kind === "file") yield { path, offset, length: Math.min(pieceBytes, sizeBytes) };
    }
    begin = end;
  }
}

const readOrNothing = async (
  files: Pick<SiteFiles, "read">,
  { path, offset, length }: Piece,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> => {
  try {
    return await files.read(path, offset, length, signal);
  } catch (error) {
    if (isUnreadable(error)) return new Uint8Array();
    throw error;
  }
};
