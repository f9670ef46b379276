const polynomial = 0xedb8_8320 | 0;
const one = 0x8000_0000;

/**
 * Product of two polynomials modulo the CRC's, in its bit order (the highest bit is x^0). Nothing here but signed 32-bit
 * numbers, which is what makes it cheap enough for every file.
 */
const product = (a: number, b: number): number => {
  let result = 0;
  let factor = b | 0;
  for (let rest = a | 0; rest !== 0; rest <<= 1) {
    if (rest < 0) result ^= factor;
    factor = (factor >>> 1) ^ (-(factor & 1) & polynomial);
  }
  return result;
};

/** x to the power of 2^n, for n from 0 to 63. */
const powers: readonly number[] = (() => {
  const list = [0x4000_0000];
  for (let n = 1; n < 64; n++) list.push(product(list[n - 1] ?? 0, list[n - 1] ?? 0));
  return list;
})();

/** CRC-32 of two runs of bytes, one after the other, from their CRC-32s and the length of the second. */
export const combinedCrc = (first: number, second: number, secondBytes: number): number => {
  let shift = one;
  // Appending n bytes multiplies by x^(8n): bit k of n stands for 2^(k+3).
  for (let left = secondBytes, n = 3; left > 0; left = Math.floor(left / 2), n++)
    if (left % 2 === 1) shift = product(powers[n] ?? 0, shift);
  return (product(shift, first) ^ second) >>> 0;
};
