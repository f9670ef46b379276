import { decodeCentralRecord } from "../records/central-decoder.ts";
import { centralHeaderBytes } from "../records/central-encoder.ts";
import { noOwnerNames } from "../records/directory-entry.ts";
import { hashBytes, ownerFieldId, privateFieldId, privateFlag, timestampFieldId } from "../records/extra-fields.ts";
import { encodeLocalHeader, localHeaderBytes, localSignature } from "../records/local-header.ts";

const timestampBytes = 9;
const plainVersions = 20;

/**
 * The checksum that the stored bytes of an entry must have, from its record (of ours) in `records`; undefined when its
 * local header, which begins at `at` of `bytes`, is not what the record makes of it. Both hold the same fields in the
 * same order, so they are compared as bytes; records with a field that is seldom there are decoded.
 */
export const storedCrcBehindHead = (
  records: Buffer,
  record: { readonly from: number; readonly to: number },
  bytes: Buffer,
): number | undefined => {
  const { from } = record;
  const nameBytes = records.readUInt16LE(from + 28);
  const extra = from + centralHeaderBytes + nameBytes;
  const owner = extra + timestampBytes;
  const isPlain =
    records.readUInt16LE(from + 6) <= plainVersions &&
    owner + 4 <= record.to &&
    records.readUInt16LE(extra) === timestampFieldId &&
    records.readUInt16LE(owner) === ownerFieldId;
  const ours = isPlain ? owner + 4 + records.readUInt16LE(owner + 2) : 0;
  if (!isPlain || ours + 7 > record.to || records.readUInt16LE(ours) !== privateFieldId)
    return storedCrcOfDecoded(records, from, bytes);
  const headBytes = localHeaderBytes + nameBytes + timestampBytes;
  const isSame =
    bytes.length >= headBytes &&
    bytes.readUInt32LE(0) === localSignature &&
    bytes.compare(records, from + 6, from + 30, 4, 28) === 0 &&
    bytes.readUInt16LE(28) === timestampBytes &&
    bytes.compare(records, from + centralHeaderBytes, owner, localHeaderBytes, headBytes) === 0;
  if (!isSame) return undefined;
  const flags = records.readUInt16LE(ours + 5);
  if ((flags & privateFlag.storedCrc) === 0) return records.readUInt32LE(from + 16);
  return records.readUInt32LE(ours + 7 + (flags & privateFlag.hash ? hashBytes : 0));
};

const storedCrcOfDecoded = (records: Buffer, from: number, bytes: Buffer): number | undefined => {
  const entry = decodeCentralRecord(records, from, noOwnerNames());
  const head = encodeLocalHeader(entry);
  return head.equals(bytes.subarray(0, head.length)) ? entry.storedCrc : undefined;
};
