/** Why an archive, or a part of one, is refused. */
export type ArchiveInvalidCode =
  /** Something ends in the middle of a record. */
  | "Truncated"
  /** No end record: not a zip, or its end is missing. */
  | "NoEndRecord"
  /** A record lies where it should not, or says what cannot be. */
  | "BadRecord"
  | "BadExtraField"
  | "BadName"
  | "BadOffset"
  | "BadCount"
  | "Duplicate"
  | "Overlap"
  | "Encrypted"
  | "SplitArchive"
  | "UnsupportedMethod"
  | "TooLarge"
  /** Content, stored bytes or directory differ from what was recorded about them. */
  | "Damaged";

/** An archive is not what it should be. The message names the place; it is fit for a log. */
export class ArchiveInvalid extends Error {
  readonly code: ArchiveInvalidCode;

  constructor(code: ArchiveInvalidCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "ArchiveInvalid";
    this.code = code;
  }
}
