import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { errorCode } from "../../domain/error-code.ts";
import { messageOf } from "../../domain/errors.ts";
import type { LocalObject } from "../../ports/destination.ts";

/** A pipe must not hold the reader up, and a link in the last place is not followed. */
export const forReading = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Undefined when the object is another file by now, or cannot be read: then `use` has not been called. */
export const withLocalObject = <Result>(
  object: LocalObject,
  use: (descriptor: number) => Result,
): Result | undefined => {
  const opened = fromSystem(() => openSync(object.path, forReading));
  if ("failure" in opened) return undefined;
  try {
    return isSame(opened.value, object) ? use(opened.value) : undefined;
  } finally {
    closeSync(opened.value);
  }
};

const isSame = (descriptor: number, { inode, sizeBytes, mtimeNs }: LocalObject): boolean => {
  const stat = fstatSync(descriptor, { bigint: true });
  return stat.isFile() && stat.ino === inode && stat.size === BigInt(sizeBytes) && stat.mtimeNs === mtimeNs;
};

/** False where the file ends before, or cannot be read. */
export const readFully = (descriptor: number, bytes: Buffer, position: number): boolean =>
  readSome(descriptor, bytes, position).length === bytes.length;

/** What there is to be read, up to the length of `bytes`. */
export const readSome = (descriptor: number, bytes: Buffer, position: number): Buffer => {
  let filled = 0;
  while (filled < bytes.length) {
    const read = fromSystem(() => readSync(descriptor, bytes, filled, bytes.length - filled, position + filled));
    if ("failure" in read || read.value === 0) break;
    filled += read.value;
  }
  return bytes.subarray(0, filled);
};

export interface SystemFailure {
  readonly code: string;
  readonly message: string;
}

/** What the system refuses is an answer; any other error is a bug and is thrown. */
export const fromSystem = <Value>(
  call: () => Value,
): { readonly value: Value } | { readonly failure: SystemFailure } => {
  try {
    return { value: call() };
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return { failure: { code, message: messageOf(error) } };
  }
};
