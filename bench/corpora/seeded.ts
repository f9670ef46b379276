import { createCipheriv, createHash } from "node:crypto";

/** Repeatable randomness: the same name gives the same stream on every machine. */
export interface Seeded {
  /** Bytes no compressor makes smaller. */
  readonly bytes: (length: number) => Buffer;
  /** A whole number from 0 up to, not including, `limit`. */
  readonly below: (limit: number) => number;
  readonly pick: <T>(choices: readonly [T, ...T[]]) => T;
}

const poolBytes = 64 * 1024;

export const seeded = (name: string): Seeded => {
  const key = createHash("sha256").update(name).digest();
  const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  const bytes = (length: number): Buffer => cipher.update(Buffer.alloc(length));
  let pool: Buffer = Buffer.alloc(0);
  let used = 0;
  const below = (limit: number): number => {
    if (used + 4 > pool.length) {
      pool = bytes(poolBytes);
      used = 0;
    }
    used += 4;
    return pool.readUInt32LE(used - 4) % limit;
  };
  return { bytes, below, pick: (choices) => choices[below(choices.length)] ?? choices[0] };
};
