import { crc32, deflateRawSync } from "node:zlib";

/** One entry, every field of which may lie. What is not given is true. */
export interface RawEntry {
  readonly name: string | Buffer;
  readonly content?: Buffer | string;
  readonly method?: number;
  readonly flags?: number;
  /** What stands in both headers. */
  readonly crc?: number;
  readonly sizeBytes?: number;
  readonly storedBytes?: number;
  /** The bytes after the local header, instead of the content's. */
  readonly data?: Buffer;
  /** Only in the directory. */
  readonly offset?: number;
  readonly localName?: string | Buffer;
  readonly mode?: number;
  /** What made it; Unix unless given. */
  readonly system?: number;
  readonly centralExtra?: Buffer;
  readonly localExtra?: Buffer;
  /** Sizes after the data instead of in the local header, as streaming writers do. */
  readonly descriptor?: "signed" | "plain";
  /** Sizes and offset in ZIP64 fields though they would fit. */
  readonly zip64?: boolean;
  /** Bytes before the local header that belong to nothing. */
  readonly before?: Buffer;
}

export interface RawZipOptions {
  readonly comment?: string;
  readonly zip64End?: boolean;
  /** Bytes before everything; offsets count from their end, as self-extracting archives do. */
  readonly prefix?: Buffer;
  readonly beforeDirectory?: Buffer;
  readonly count?: number;
}

const u16 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => bytes.writeUInt16LE(value & 0xffff, index * 2));
  return bytes;
};
const u32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, index * 4));
  return bytes;
};
const u64 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => bytes.writeBigUInt64LE(BigInt(value), index * 8));
  return bytes;
};
const asBytes = (value: string | Buffer): Buffer => (typeof value === "string" ? Buffer.from(value, "utf8") : value);

const factsOf = (entry: RawEntry) => {
  const content = asBytes(entry.content ?? "");
  const method = entry.method ?? 8;
  const data = entry.data ?? (method === 8 ? deflateRawSync(content) : content);
  return {
    name: asBytes(entry.name),
    localName: asBytes(entry.localName ?? entry.name),
    method,
    data,
    flags: (entry.flags ?? 0x0800) | (entry.descriptor === undefined ? 0 : 8),
    crc: entry.crc ?? crc32(content),
    sizeBytes: entry.sizeBytes ?? content.length,
    storedBytes: entry.storedBytes ?? data.length,
  };
};

const localPart = (entry: RawEntry): Buffer => {
  const { localName, method, data, flags, crc, sizeBytes, storedBytes } = factsOf(entry);
  const late = entry.descriptor !== undefined;
  const wide = entry.zip64
    ? Buffer.concat([u16(1, 16), late ? u64(0, 0) : u64(sizeBytes, storedBytes)])
    : Buffer.alloc(0);
  const extra = Buffer.concat([wide, entry.localExtra ?? Buffer.alloc(0)]);
  const sizes = entry.zip64 ? u32(0xffffffff, 0xffffffff) : late ? u32(0, 0) : u32(storedBytes, sizeBytes);
  const signature = entry.descriptor === "signed" ? u32(0x08074b50) : Buffer.alloc(0);
  const after = entry.zip64 ? u64(storedBytes, sizeBytes) : u32(storedBytes, sizeBytes);
  return Buffer.concat([
    entry.before ?? Buffer.alloc(0),
    Buffer.concat([u32(0x04034b50), u16(20, flags, method, 0, 0x21), u32(late ? 0 : crc), sizes]),
    Buffer.concat([u16(localName.length, extra.length), localName, extra, data]),
    late ? Buffer.concat([signature, u32(crc), after]) : Buffer.alloc(0),
  ]);
};

const centralPart = (entry: RawEntry, offset: number): Buffer => {
  const { name, method, flags, crc, sizeBytes, storedBytes } = factsOf(entry);
  const wide = entry.zip64 ? Buffer.concat([u16(1, 24), u64(sizeBytes, storedBytes, offset)]) : Buffer.alloc(0);
  const extra = Buffer.concat([wide, entry.centralExtra ?? Buffer.alloc(0)]);
  const mode = entry.mode ?? (name.at(-1) === 0x2f ? 0o040755 : 0o100644);
  const sizes = entry.zip64 ? u32(0xffffffff, 0xffffffff) : u32(storedBytes, sizeBytes);
  return Buffer.concat([
    Buffer.concat([u32(0x02014b50), u16(((entry.system ?? 3) << 8) | 30, 20, flags, method, 0, 0x21), u32(crc), sizes]),
    Buffer.concat([
      u16(name.length, extra.length, 0, 0, 0),
      u32(mode * 0x10000),
      u32(entry.zip64 ? 0xffffffff : offset),
    ]),
    Buffer.concat([name, extra]),
  ]);
};

/** A zip of exactly these entries in this order, as another tool (or an attacker) would write it. */
export const rawZip = (entries: readonly RawEntry[], options: RawZipOptions = {}): Buffer => {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const local = localPart(entry);
    centrals.push(centralPart(entry, entry.offset ?? at + (entry.before?.length ?? 0)));
    locals.push(local);
    at += local.length;
  }
  const gap = options.beforeDirectory ?? Buffer.alloc(0);
  const start = at + gap.length;
  const directory = Buffer.concat(centrals);
  const count = options.count ?? entries.length;
  const end64 = options.zip64End
    ? Buffer.concat([
        Buffer.concat([u32(0x06064b50), u64(44), u16(45, 45), u32(0, 0), u64(count, count, directory.length, start)]),
        Buffer.concat([u32(0x07064b50, 0), u64(start + directory.length), u32(1)]),
      ])
    : Buffer.alloc(0);
  const comment = asBytes(options.comment ?? "");
  const sizes = options.zip64End ? u32(0xffffffff, 0xffffffff) : u32(directory.length, start);
  const counts = options.zip64End ? u16(0xffff, 0xffff) : u16(count, count);
  const end = Buffer.concat([u32(0x06054b50), u16(0, 0), counts, sizes, u16(comment.length), comment]);
  return Buffer.concat([options.prefix ?? Buffer.alloc(0), ...locals, gap, directory, end64, end]);
};
