import { limitOf } from "../../domain/quota.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import type { SiteId } from "../../domain/site.ts";
import type { Installation } from "../installation.ts";

/** Why so much is too much for one backup of the site; undefined while it is not. */
export const sizeProblem = async (
  { policy, sites }: Pick<Installation, "policy" | "sites">,
  site: SiteId,
  sizeBytes: number,
): Promise<string | undefined> => {
  if (policy.maxBackupBytes === undefined) return undefined;
  const limit = limitOf(policy.maxBackupBytes, (await sites.find(site))?.tier ?? "");
  return limit !== undefined && sizeBytes > limit
    ? `The site and its databases hold ${showBytes(sizeBytes)} (${sizeBytes} bytes), more than the limit of ${showBytes(limit)} (${limit} bytes). Leave some out, or raise the limit.`
    : undefined;
};
