const polynomial = 0xedb8_8320;
const one = 0x8000_0000;

/** Product of two polynomials modulo the CRC's, in its bit order (the highest bit is x^0). */
const product = (a: number, b: number): number => {
  let result = 0;
  let factor = b;
  for (let bit = one; bit !== 0 && (a & (bit | (bit - 1))) !== 0; bit >>>= 1) {
    if (a & bit) result ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ polynomial : factor >>> 1;
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
