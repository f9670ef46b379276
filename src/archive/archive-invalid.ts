import { type BytePath, pathText } from "../domain/byte-path.ts";

const broken = "The archive is damaged or forged: take another backup, or copy the file again.";
const changed = "The archive was changed after it was written: do not trust it.";
const refused = "Nothing of this archive is unpacked: do not trust it, and take another backup.";
const oneEntry = "Take it from another backup.";

/** Everything that can be wrong with an archive, and what to do about it. */
const nextMove = {
  /** No end record: not a zip, or its end is missing. */
  NoEndRecord: "It is no zip, or was cut short: take another backup, or copy the file again.",
  SplitArchive: "Join its parts into one file first.",
  /** Something ends in the middle of a record, or of the file. */
  Truncated: broken,
  /** A record lies where it should not, or says what cannot be. */
  BadRecord: broken,
  BadExtraField: broken,
  BadOffset: broken,
  BadCount: broken,
  Overlap: broken,
  /** Bytes between the records that belong to none. */
  UnexplainedBytes: changed,
  /** It reads well, but is not what Lifeboat would have written. */
  NotCanonical: changed,
  CommitIdMismatch: changed,
  /** Beyond what is read into memory, or what numbers can hold. */
  TooLarge:
    "Lifeboat reads nothing this large: leave files out of the backup, or unpack the archive with another tool.",
  BadName: refused,
  Duplicate: refused,
  /** An entry lies below another one that is no folder: unpacked, it would be written through a link or file. */
  BelowFile: refused,
  Encrypted: "Decrypt the archive with the tool that made it.",
  UnsupportedMethod: "Pack it again with deflate, for example with zip.",
  /** More comes out of it than it says: it would fill disk or memory. */
  Bomb: refused,
  HeaderMismatch: oneEntry,
  SizeMismatch: oneEntry,
  CrcMismatch: oneEntry,
  HashMismatch: oneEntry,
  StoredCrcMismatch: oneEntry,
  /** What is stored cannot be inflated. */
  Damaged: oneEntry,
} as const;

export type ArchiveInvalidCode = keyof typeof nextMove;

/** The archive, or one entry of it, is damaged, forged, or of a kind that is not read. The message is fit for a log. */
export class ArchiveInvalid extends Error {
  readonly code: ArchiveInvalidCode;
  readonly entry?: BytePath;
  /** What is wrong, as one sentence, without entry and next move. */
  readonly what: string;

  /** `what` is a whole sentence; the message names the entry before it and the next move after it. */
  constructor(
    code: ArchiveInvalidCode,
    what: string,
    where: { readonly entry?: BytePath | undefined; readonly cause?: unknown } = {},
  ) {
    const name = where.entry === undefined ? "" : `${printable(where.entry)}: `;
    super(`${name}${what} ${nextMove[code]}`, where.cause === undefined ? undefined : { cause: where.cause });
    this.name = "ArchiveInvalid";
    this.code = code;
    this.what = what;
    if (where.entry !== undefined) this.entry = where.entry;
  }
}

/** The same fault, told of an entry; any other error as it is. */
export const ofEntry = (entry: BytePath, error: unknown): unknown =>
  error instanceof ArchiveInvalid && error.entry === undefined
    ? new ArchiveInvalid(error.code, error.what, { entry, cause: error.cause })
    : error;

/** Names in hostile archives hold control characters, and are long. */
const printable = (path: BytePath): string => {
  const text = JSON.stringify(pathText(path));
  return text.length <= 300 ? text : `${text.slice(0, 200)}..."`;
};
