/** 64-bit numbers, and the same memory in halves: where they are only moved or compared, no BigInt needs to be made. */
export const wideColumns = (rows: number) => {
  const memory = new ArrayBuffer(rows * 8);
  return { signed: new BigInt64Array(memory), unsigned: new BigUint64Array(memory), halves: new Uint32Array(memory) };
};

type WideColumns = ReturnType<typeof wideColumns>;

/** What is told of a row besides its name and content: kind, mode, owner, times and inode, in numbers of 32 bits. */
export type RowMeta = Uint32Array<ArrayBuffer>;

const newRowMeta = (): RowMeta => new Uint32Array(11);

interface MetaColumns {
  readonly mode: Uint16Array;
  readonly uid: Uint32Array;
  readonly gid: Uint32Array;
  readonly mtime: WideColumns;
  readonly ctime: WideColumns;
  readonly inode: WideColumns;
}

export const setMeta = (
  words: RowMeta,
  row: { readonly slab: MetaColumns; readonly at: number; readonly kind: number; readonly isWhole: boolean },
): void => {
  const { slab, at } = row;
  words[0] = row.isWhole ? 1 : 0;
  words[1] = row.kind;
  words[2] = slab.mode[at] ?? 0;
  words[3] = slab.uid[at] ?? 0;
  words[4] = slab.gid[at] ?? 0;
  words[5] = slab.mtime.halves[2 * at] ?? 0;
  words[6] = slab.mtime.halves[2 * at + 1] ?? 0;
  words[7] = slab.ctime.halves[2 * at] ?? 0;
  words[8] = slab.ctime.halves[2 * at + 1] ?? 0;
  words[9] = slab.inode.halves[2 * at] ?? 0;
  words[10] = slab.inode.halves[2 * at + 1] ?? 0;
};

interface Rows {
  readonly metaInto: (place: number, words: RowMeta) => void;
}

/** One of each is enough: nothing lives in them from one call to the next. */
const [ofOne, ofOther] = [newRowMeta(), newRowMeta()];

/** Whether two rows of one name tell the same of everything but content, ctime and inode among it. */
export const isSameRow = (one: Rows, place: number, other: Rows, otherPlace: number): boolean => {
  one.metaInto(place, ofOne);
  other.metaInto(otherPlace, ofOther);
  if (ofOne[0] === 0) return false;
  for (let word = 0; word < ofOne.length; word++) if (ofOne[word] !== ofOther[word]) return false;
  return true;
};
