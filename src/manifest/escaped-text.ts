import { isUtf8 } from "node:buffer";

/**
 * Any bytes as text that XML can hold and no parser changes: what is UTF-8 stands as it is, except control characters,
 * U+FFFE, U+FFFF and the percent sign; those, and bytes that are no UTF-8, become `%` and two hexadecimal digits each.
 */
export const escapedText = (bytes: Uint8Array): string => {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString("utf8").replace(unfit, percentOf);
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = characterAt(bytes, at);
    const piece = bytes.subarray(at, at + Math.max(1, length));
    text += length === 0 ? percents(piece) : Buffer.from(piece).toString("utf8").replace(unfit, percentOf);
    at += piece.length;
  }
  return text;
};

// oxlint-disable-next-line no-control-regex -- control characters are what XML cannot hold
const unfit = /[%\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g;

const percentOf = (character: string): string => percents(Buffer.from(character, "utf8"));

const percents = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");

/** How many bytes the UTF-8 character here has; 0 when none begins here. */
const characterAt = (bytes: Uint8Array, at: number): number => {
  for (let length = 1; length <= 4; length++) if (isUtf8(bytes.subarray(at, at + length))) return length;
  return 0;
};

/** The bytes again; undefined when a percent sign stands without two digits. */
export const unescapedBytes = (text: string): Buffer | undefined => {
  if (!text.includes("%")) return Buffer.from(text, "utf8");
  if (/%(?![0-9A-F]{2})/.test(text)) return undefined;
  const pieces = text.split(/%([0-9A-F]{2})/);
  return Buffer.concat(pieces.map((piece, index) => Buffer.from(piece, index % 2 === 0 ? "utf8" : "hex")));
};
