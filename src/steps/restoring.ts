import { ArchiveInvalid } from "../archive/archive-invalid.ts";
import { FileUnreadable } from "../ports/site-files.ts";
import type { Outcome } from "../workflows/contract.ts";
import { asOutcome } from "./outcome.ts";
import { failed } from "./owns-site.ts";

/** As `asOutcome`, with what a restore meets besides: damaged archives, unreadable sites, full and closed disks. */
export const restoring = <Value>(work: () => Promise<Outcome<Value>>): Promise<Outcome<Value>> =>
  asOutcome<Value>(async () => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ArchiveInvalid) return failed(error.message);
      if (error instanceof FileUnreadable) return failed(`The site cannot be read: ${error.message}`);
      const reason = error instanceof Error ? diskReason(error.message) : undefined;
      if (reason !== undefined) return failed(reason);
      throw error;
    }
  });

/** By its text: what threads throw loses the code on its way. */
const diskReason = (message: string): string | undefined => {
  const code = /^(ENOSPC|EDQUOT|EROFS|EACCES|EPERM)\b/.exec(message)?.[1];
  if (code === undefined) return undefined;
  if (code === "ENOSPC" || code === "EDQUOT")
    return `The disk is full (${code}); the site was not touched. Free some space, or restore fewer paths.`;
  return `The service may not write beside the site (${message}). Give it the right to.`;
};
