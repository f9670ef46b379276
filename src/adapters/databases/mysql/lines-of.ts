interface Line {
  /** With its line feed, which the last may lack; of a long one a part. */
  readonly bytes: Buffer;
  /** It is not the first part of its line. */
  readonly continues: boolean;
}

const lineFeed = 10;
/** A value of 200 MB makes a line of 400 in a dump. */
const longBytes = 2 ** 20;

/** Lines, whole when they are short, or begin with a byte that is looked at; all others in parts once they are long. */
export async function* linesOf(
  source: AsyncIterable<Uint8Array>,
  isLookedAt: (first: number) => boolean,
): AsyncGenerator<Line> {
  let open: Buffer[] = [];
  let size = 0;
  let passing = false;
  for await (const piece of source) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    let from = 0;
    for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, from)) {
      const end = bytes.subarray(from, at + 1);
      yield { bytes: open.length === 0 ? end : Buffer.concat([...open, end]), continues: passing };
      open = [];
      size = 0;
      passing = false;
      from = at + 1;
    }
    if (from >= bytes.length) continue;
    // A copy: whoever gives the pieces may use their memory again.
    open.push(Buffer.from(bytes.subarray(from)));
    size += bytes.length - from;
    if (!passing && (size < longBytes || isLookedAt(open[0]?.[0] ?? 0))) continue;
    yield { bytes: Buffer.concat(open), continues: passing };
    open = [];
    passing = true;
  }
  if (open.length > 0) yield { bytes: Buffer.concat(open), continues: passing };
}
