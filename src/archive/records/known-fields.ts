import { ArchiveInvalid } from "../archive-invalid.ts";
import { ntfsFieldId, ownerFieldId, privateFieldId, timestampFieldId, zip64FieldId } from "./extra-fields.ts";
import type { ByteReader } from "./little-endian.ts";

/** Where a field's value lies. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where the extra fields of a record lie that are understood. */
interface KnownFields {
  zip64: Span | undefined;
  timestamp: Span | undefined;
  ntfs: Span | undefined;
  owner: Span | undefined;
  ours: Span | undefined;
}

const slotOf = (id: number): keyof KnownFields | undefined => {
  switch (id) {
    case zip64FieldId:
      return "zip64";
    case timestampFieldId:
      return "timestamp";
    case ntfsFieldId:
      return "ntfs";
    case ownerFieldId:
      return "owner";
    case privateFieldId:
      return "ours";
    default:
      return undefined;
  }
};

/**
 * Goes over the extra fields of a record and tells where they lie, the first of each: directories are long, and maps
 * and views for every record cost more than all else about it. Fewer than four bytes at the end are padding, as some
 * tools leave it.
 */
export const knownFields = (fields: ByteReader, length: number): KnownFields => {
  const known: KnownFields = {
    zip64: undefined,
    timestamp: undefined,
    ntfs: undefined,
    owner: undefined,
    ours: undefined,
  };
  const end = fields.position + length;
  if (length > fields.left) fields.skip(length);
  while (end - fields.position >= 4) {
    const slot = slotOf(fields.u16());
    const bytes = fields.u16();
    const start = fields.position;
    if (bytes > end - start) throw new ArchiveInvalid("BadExtraField", "An extra field ends beyond its record.");
    if (slot !== undefined) known[slot] ??= { start, end: start + bytes };
    fields.skip(bytes);
  }
  fields.skip(end - fields.position);
  return known;
};

/** The reader, moved to a field's value; with nothing left to read where there is none. */
export const within = (fields: ByteReader, span: Span | undefined): ByteReader => {
  fields.move(span?.start ?? 0, span?.end ?? 0);
  return fields;
};
