import type { Stats, BigIntStats } from "node:fs";
import { errorCode, isCode } from "../../domain/error-code.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import { FileUnreadable } from "../../ports/site-files.ts";

const sentences: Readonly<Record<string, string>> = {
  EACCES: "Permission was denied.",
  EPERM: "Permission was denied.",
  ENOENT: "It vanished.",
  ESTALE: "It vanished from its network drive.",
  ENOTDIR: "It vanished, or a link took the place of one of its folders.",
  ELOOP: "A link took its place.",
  EIO: "The disk reported an error.",
  EBUSY: "It is locked by another program.",
  ETXTBSY: "It is locked by another program.",
  ENAMETOOLONG: "Its path is too long for this system.",
  EMFILE: "Too many files are open.",
  ENFILE: "Too many files are open.",
  ETIMEDOUT: "Its network drive did not answer.",
  EHOSTDOWN: "Its network drive did not answer.",
  EISDIR: "It is a folder by now.",
  ENXIO: "It is not a file any more.",
};

/** What a person reads in a backup's log about an error of the file system. */
export const reasonOf = (error: unknown): string => {
  const code = errorCode(error);
  if (code === undefined) return error instanceof Error ? error.message : String(error);
  const sentence = sentences[code];
  return sentence === undefined ? `The system reported ${code}.` : `${sentence.slice(0, -1)} (${code}).`;
};

/** True when an error says that nothing is there under this name. */
export const saysGone = (error: unknown): boolean => isCode(error, "ENOENT", "ENOTDIR", "ESTALE", "ELOOP");

/** Why something that is neither file, folder nor link stays out of a backup. */
export const specialReason = (stat: Stats | BigIntStats): string => {
  if (stat.isSocket()) return "It is a socket.";
  if (stat.isFIFO()) return "It is a named pipe.";
  if (stat.isBlockDevice() || stat.isCharacterDevice()) return "It is a device.";
  return "It is neither a file, a folder nor a link.";
};

/** One of a site's directories itself cannot be listed. */
export const unlistable = (
  { at, real }: { readonly at: BytePath; readonly real: string },
  reason: string,
  cause?: unknown,
): FileUnreadable => new FileUnreadable(at, `${real || "/"} cannot be listed: ${reason}`, { cause });
