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
