import { StoreFailure } from "../../domain/store-failure.ts";
import type { BlockId, DestinationLimits, Upload } from "../../ports/destination.ts";

/** The port's rules for input, the same for every implementation; breaking one throws `Invalid`. */

export const workFolder = ".lifeboat";
const maxCopyBytes = 100 * 1024 * 1024;

const maxNameCharacters = 1024;
const maxMetadataBytes = 2048;

/** Why the store does not take this object name, or undefined. */
export const nameProblem = (name: string): string | undefined => {
  if (name.length === 0) return "it is empty";
  if (name.length > maxNameCharacters) return `it is longer than ${maxNameCharacters} characters`;
  if (/[\p{Cc}\p{Cs}\\]/u.test(name)) return "it holds a control character, a backslash or half a surrogate pair";
  for (const segment of name.split("/")) {
    if (segment === "" || segment === "." || segment === "..") return 'it has an empty, "." or ".." segment';
    if (/[. ]$/.test(segment)) return "a segment ends with a dot or a space";
    if (segment.startsWith(workFolder)) return `a segment begins with "${workFolder}"`;
  }
  return undefined;
};

export const checkName = (name: string): void => {
  const problem = nameProblem(name);
  if (problem !== undefined) throw invalid(`The object name ${JSON.stringify(name)} cannot be used: ${problem}.`);
};

export const checkUpload = (upload: Upload): void => {
  checkName(upload.name);
  checkRun(upload.run);
};

export const checkRun = (run: string): void => {
  if (!/^[a-z0-9-]{1,100}$/.test(run))
    throw invalid(`The run ${JSON.stringify(run)} is not of 1 to 100 lower-case letters, digits and "-".`);
};

export const checkBlock = (upload: Upload, block: BlockId, length: number, limits: DestinationLimits): void => {
  checkUpload(upload);
  checkBlockId(upload, block);
  if (length < 1 || length > limits.maxBlockBytes)
    throw invalid(`A block of ${upload.name} has ${length} bytes; 1 to ${limits.maxBlockBytes} are possible.`);
};

export const checkCopy = (
  upload: Upload,
  block: BlockId,
  from: { readonly name: string; readonly offset: number; readonly length: number },
): void => {
  checkUpload(upload);
  checkBlockId(upload, block);
  checkName(from.name);
  checkRange(from.name, from);
  if (from.length < 1 || from.length > maxCopyBytes)
    throw invalid(`A copy out of ${from.name} has ${from.length} bytes; 1 to ${maxCopyBytes} are possible.`);
};

export const checkRange = (name: string, range: { readonly offset: number; readonly length: number }): void => {
  const { offset, length } = range;
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0)
    throw invalid(`${offset} + ${length} is not a byte range of ${name}.`);
};

export const checkCommit = (
  upload: Upload,
  blocks: readonly BlockId[],
  metadata: Readonly<Record<string, string>>,
  limits: DestinationLimits,
): void => {
  checkUpload(upload);
  for (const block of blocks) checkBlockId(upload, block);
  if (blocks.length > limits.maxBlocks)
    throw invalid(`${upload.name} has ${blocks.length} blocks; ${limits.maxBlocks} are possible. Take larger blocks.`);
  checkMetadata(upload.name, metadata);
};

const checkMetadata = (name: string, metadata: Readonly<Record<string, string>>): void => {
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata)) {
    // Stores carry metadata in HTTP headers, which drop spaces around a value and cannot be empty everywhere.
    if (!/^[a-z][a-z0-9]*$/.test(key) || !/^[!-~]([ -~]*[!-~])?$/.test(value))
      throw invalid(`The metadata ${JSON.stringify(key)} of ${name} is not a plain word with a printable ASCII value.`);
    bytes += key.length + value.length;
  }
  if (bytes > maxMetadataBytes) throw invalid(`The metadata of ${name} is larger than ${maxMetadataBytes} bytes.`);
};

const checkBlockId = (upload: Upload, block: BlockId): void => {
  // 32 characters of base64 are 24 bytes exactly, without padding.
  if (!/^[A-Za-z0-9+/]{32}$/.test(block))
    throw invalid(`${JSON.stringify(block)} is not a block id of ${upload.name}: base64 of 24 bytes is.`);
};

const invalid = (message: string): StoreFailure => new StoreFailure("Invalid", message);
