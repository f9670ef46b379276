/** Bytes that do not compress: always the same ones, and those of a shorter length are the beginning of a longer one's. */
export const noise = (length: number, seed = 1): Buffer => {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed * 0x9e37_79b9 || 1;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return Buffer.from(words.buffer).subarray(0, length);
};

/** Text that compresses well; that of a shorter length is the beginning of a longer one. */
export const lines = (length: number): Buffer => {
  const bytes = Buffer.alloc(length);
  for (let at = 0, line = 0; at < length; line++)
    at += bytes.write(`line ${line} of a file that compresses well\n`, at);
  return bytes;
};

/** Text around what is no text, which holds `count` times the bytes that a deflated slice ends with; zlib leaves it as it is. */
export const withEndsInside = (count: number, length: number): Buffer => {
  const middle = noise(200_000);
  for (let end = 0; end < count; end++) middle.writeUInt32BE(0x0000_ffff, 70_000 + 100 * end);
  const half = Math.floor((length - middle.length) / 2);
  return Buffer.concat([lines(half), middle, lines(length - middle.length - half)]);
};
