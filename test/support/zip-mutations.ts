/** Damages and forges zip files, repeatably: the same base and seed give the same bytes. Knows zip by itself, not by src. */

interface Mutation {
  /** What was done, for the message of a failing test. */
  readonly what: string;
  readonly bytes: Buffer;
}

type Random = (below: number) => number;

/** mulberry32: small, seeded, good enough to choose where to hit. */
export const randomFrom = (seed: number): Random => {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
};

interface Field {
  readonly label: string;
  readonly at: number;
  readonly bytes: 2 | 4 | 8;
}

interface Entry {
  readonly central: number;
  readonly local: number;
  readonly nameBytes: number;
  readonly extraBytes: number;
  readonly storedBytes: number;
}

interface Layout {
  readonly end: number;
  readonly entries: readonly Entry[];
  readonly fields: readonly Field[];
}

const fieldsAt = (base: number, prefix: string, spec: readonly (readonly [string, number, 2 | 4 | 8])[]): Field[] =>
  spec.map(([label, offset, bytes]) => ({ label: `${prefix} ${label}`, at: base + offset, bytes }));

const centralFields = [
  ["version made by", 4, 2],
  ["version needed", 6, 2],
  ["flags", 8, 2],
  ["method", 10, 2],
  ["time", 12, 4],
  ["crc", 16, 4],
  ["stored size", 20, 4],
  ["size", 24, 4],
  ["name length", 28, 2],
  ["extra length", 30, 2],
  ["comment length", 32, 2],
  ["disk", 34, 2],
  ["internal attributes", 36, 2],
  ["external attributes", 38, 4],
  ["offset", 42, 4],
] as const;

const localFields = [
  ["version needed", 4, 2],
  ["flags", 6, 2],
  ["method", 8, 2],
  ["time", 10, 4],
  ["crc", 14, 4],
  ["stored size", 18, 4],
  ["size", 22, 4],
  ["name length", 26, 2],
  ["extra length", 28, 2],
] as const;

const endFields = [
  ["disk", 4, 2],
  ["directory disk", 6, 2],
  ["entries here", 8, 2],
  ["entries", 10, 2],
  ["directory size", 12, 4],
  ["directory offset", 16, 4],
  ["comment length", 20, 2],
] as const;

const bigEndFields = [
  ["record size", 4, 8],
  ["disk", 16, 4],
  ["entries here", 24, 8],
  ["entries", 32, 8],
  ["directory size", 40, 8],
  ["directory offset", 48, 8],
] as const;

/** Every extra field's id and length, and its first bytes: lying lengths are what parsers trip over. */
const extraFields = (zip: Buffer, at: number, length: number): Field[] => {
  const fields: Field[] = [];
  for (let here = at; here + 4 <= at + length;) {
    const size = zip.readUInt16LE(here + 2);
    fields.push({ label: "extra id", at: here, bytes: 2 }, { label: "extra length", at: here + 2, bytes: 2 });
    for (let inside = 0; inside + 4 <= size; inside += 4)
      fields.push({ label: `extra byte ${inside}`, at: here + 4 + inside, bytes: 4 });
    here += 4 + size;
  }
  return fields;
};

/** Of the entry whose directory record is here; with ZIP64 it is the third value of the first extra field. */
const localOffset = (zip: Buffer, central: number): number => {
  const narrow = zip.readUInt32LE(central + 42);
  if (narrow !== 0xffff_ffff) return narrow;
  return Number(zip.readBigUInt64LE(central + 46 + zip.readUInt16LE(central + 28) + 4 + 16));
};

/** Where everything is in a well-formed zip without prefix. */
export const layoutOf = (zip: Buffer): Layout => {
  const end = zip.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  const fields = fieldsAt(end, "end", endFields);
  let offset = zip.readUInt32LE(end + 16);
  let count = zip.readUInt16LE(end + 10);
  const locator = end - 20;
  if (locator >= 0 && zip.readUInt32LE(locator) === 0x07064b50) {
    const big = Number(zip.readBigUInt64LE(locator + 8));
    fields.push({ label: "zip64 locator offset", at: locator + 8, bytes: 8 }, ...fieldsAt(big, "zip64", bigEndFields));
    offset = Number(zip.readBigUInt64LE(big + 48));
    count = Number(zip.readBigUInt64LE(big + 32));
  }
  const entries: Entry[] = [];
  for (let index = 0, at = offset; index < count; index++) {
    const nameBytes = zip.readUInt16LE(at + 28);
    const extraBytes = zip.readUInt16LE(at + 30);
    const local = localOffset(zip, at);
    entries.push({ central: at, local, nameBytes, extraBytes, storedBytes: zip.readUInt32LE(at + 20) });
    fields.push(...fieldsAt(at, "central", centralFields), ...extraFields(zip, at + 46 + nameBytes, extraBytes));
    if (local + 30 <= zip.length) {
      fields.push(...fieldsAt(local, "local", localFields));
      fields.push(...extraFields(zip, local + 30 + nameBytes, zip.readUInt16LE(local + 28)));
    }
    at += 46 + nameBytes + extraBytes + zip.readUInt16LE(at + 32);
  }
  return { end, entries, fields };
};

const write = (zip: Buffer, field: Field, value: bigint): void => {
  if (field.bytes === 2) zip.writeUInt16LE(Number(BigInt.asUintN(16, value)), field.at);
  else if (field.bytes === 4) zip.writeUInt32LE(Number(BigInt.asUintN(32, value)), field.at);
  else zip.writeBigUInt64LE(BigInt.asUintN(64, value), field.at);
};

const read = (zip: Buffer, field: Field): bigint =>
  field.bytes === 2
    ? BigInt(zip.readUInt16LE(field.at))
    : field.bytes === 4
      ? BigInt(zip.readUInt32LE(field.at))
      : zip.readBigUInt64LE(field.at);

/** Values that lie: zero, the ZIP64 marker, one off, far away, another field's value. */
const lie = (zip: Buffer, field: Field, layout: Layout, random: Random): bigint => {
  const now = read(zip, field);
  const choices = [
    0n,
    1n,
    now + 1n,
    now - 1n,
    now * 2n,
    0xffffn,
    0xffffffffn,
    0xfffffffen,
    2n ** 53n,
    BigInt(zip.length),
  ];
  const pick = random(choices.length + 2);
  if (pick < choices.length) return choices[pick] ?? 0n;
  const other = layout.fields[random(layout.fields.length)];
  return other === undefined ? 0n : read(zip, other);
};

const anEntry = (layout: Layout, random: Random): Entry | undefined => layout.entries[random(layout.entries.length)];

const evilNames = ["../", "/", "a/../../", "//", "./", "\0", "C:\\", "..\\", "a//b", "..", "."];

type Mutator = (zip: Buffer, layout: Layout, random: Random) => Mutation;

const flipBits: Mutator = (zip, _layout, random) => {
  const hits = 1 + random(3) * random(3);
  const at: number[] = [];
  for (let hit = 0; hit < hits; hit++) {
    const place = random(zip.length);
    at.push(place);
    zip[place] = (zip[place] ?? 0) ^ (1 << random(8));
  }
  return { what: `bits flipped at ${at.join(", ")}`, bytes: zip };
};

const truncate: Mutator = (zip, _layout, random) => {
  const length = random(2) === 0 ? random(zip.length) : zip.length - 1 - random(Math.min(200, zip.length));
  return { what: `cut to ${length} bytes`, bytes: zip.subarray(0, length) };
};

const insert: Mutator = (zip, _layout, random) => {
  const at = random(zip.length + 1);
  const junk = Buffer.from(Array.from({ length: 1 + random(64) }, () => random(256)));
  return {
    what: `${junk.length} bytes put in at ${at}`,
    bytes: Buffer.concat([zip.subarray(0, at), junk, zip.subarray(at)]),
  };
};

const remove: Mutator = (zip, _layout, random) => {
  const at = random(zip.length);
  const length = 1 + random(Math.min(300, zip.length - at));
  return {
    what: `${length} bytes taken out at ${at}`,
    bytes: Buffer.concat([zip.subarray(0, at), zip.subarray(at + length)]),
  };
};

const lieInField: Mutator = (zip, layout, random) => {
  const said: string[] = [];
  for (let times = 1 + random(2); times > 0; times--) {
    const field = layout.fields[random(layout.fields.length)];
    if (field === undefined) continue;
    const value = lie(zip, field, layout, random);
    write(zip, field, value);
    said.push(`${field.label} at ${field.at} = ${value}`);
  }
  return { what: said.join("; "), bytes: zip };
};

/** The same lie in the directory and in the local header: only the data tells. */
const lieTwice: Mutator = (zip, layout, random) => {
  const entry = anEntry(layout, random);
  if (entry === undefined) return flipBits(zip, layout, random);
  const [label, central, local] = (
    [
      ["size", 24, 22],
      ["stored size", 20, 18],
      ["crc", 16, 14],
    ] as const
  )[random(3)] ?? ["size", 24, 22];
  const field: Field = { label, at: entry.central + central, bytes: 4 };
  const value = lie(zip, field, layout, random);
  write(zip, field, value);
  write(zip, { label, at: entry.local + local, bytes: 4 }, value);
  return { what: `${label} = ${value} in both headers of the entry at ${entry.local}`, bytes: zip };
};

const overlap: Mutator = (zip, layout, random) => {
  const one = anEntry(layout, random);
  const other = anEntry(layout, random);
  if (one === undefined || other === undefined) return flipBits(zip, layout, random);
  const offset = other.local + (random(2) === 0 ? 0 : random(40));
  zip.writeUInt32LE(offset, one.central + 42);
  return { what: `offset of the entry at ${one.local} = ${offset}`, bytes: zip };
};

const escape: Mutator = (zip, layout, random) => {
  const entry = anEntry(layout, random);
  const evil = Buffer.from(evilNames[random(evilNames.length)] ?? "../", "latin1");
  if (entry === undefined || entry.nameBytes < evil.length) return flipBits(zip, layout, random);
  const shift = random(entry.nameBytes - evil.length + 1);
  evil.copy(zip, entry.central + 46 + shift);
  if (random(4) > 0) evil.copy(zip, entry.local + 30 + shift);
  return { what: `${JSON.stringify(evil.toString("latin1"))} in the name of the entry at ${entry.local}`, bytes: zip };
};

const twinNames: Mutator = (zip, layout, random) => {
  const one = anEntry(layout, random);
  const other = layout.entries.find((entry) => entry !== one && entry.nameBytes === one?.nameBytes);
  if (one === undefined || other === undefined) return lieInField(zip, layout, random);
  const name = zip.subarray(other.central + 46, other.central + 46 + other.nameBytes);
  name.copy(zip, one.central + 46);
  name.copy(zip, one.local + 30);
  return { what: `the entry at ${one.local} named like the one at ${other.local}`, bytes: zip };
};

/** A file becomes a link: its content is now where the link leads. */
const makeLink: Mutator = (zip, layout, random) => {
  const entry = anEntry(layout, random);
  if (entry === undefined) return flipBits(zip, layout, random);
  zip.writeUInt8(3, entry.central + 5);
  zip.writeUInt32LE((0o120777 << 16) >>> 0, entry.central + 38);
  return { what: `the entry at ${entry.local} made a link`, bytes: zip };
};

const swapRanges: Mutator = (zip, _layout, random) => {
  const length = 1 + random(Math.min(400, zip.length >> 1));
  const from = random(zip.length - length);
  const to = random(zip.length - length);
  zip.copyWithin(to, from, from + length);
  return { what: `${length} bytes copied from ${from} to ${to}`, bytes: zip };
};

const dropEntry: Mutator = (zip, layout, random) => {
  const entry = anEntry(layout, random);
  const at = layout.end;
  if (entry === undefined) return flipBits(zip, layout, random);
  zip.writeUInt16LE((zip.readUInt16LE(at + 10) - 1) & 0xffff, at + 10);
  if (random(2) === 0) zip.writeUInt16LE(zip.readUInt16LE(at + 10), at + 8);
  const next = entry.central + 46 + entry.nameBytes + entry.extraBytes;
  if (random(2) === 0) return { what: "count one less", bytes: zip };
  zip.writeUInt32LE((zip.readUInt32LE(at + 12) - (next - entry.central)) >>> 0, at + 12);
  return {
    what: `the entry at ${entry.local} taken out of the directory`,
    bytes: Buffer.concat([zip.subarray(0, entry.central), zip.subarray(next)]),
  };
};

const mutators: readonly Mutator[] = [
  flipBits,
  flipBits,
  truncate,
  insert,
  remove,
  lieInField,
  lieInField,
  lieInField,
  lieTwice,
  overlap,
  escape,
  twinNames,
  makeLink,
  swapRanges,
  dropEntry,
];

/** One damaged copy of `base`, chosen by `seed`. */
export const mutated = (base: Buffer, layout: Layout, seed: number): Mutation => {
  const random = randomFrom(seed);
  const mutator = mutators[random(mutators.length)] ?? flipBits;
  return mutator(Buffer.from(base), layout, random);
};
