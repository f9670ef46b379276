import * as z from "zod";
import type { SiteId } from "../../domain/site.ts";
import type { Catalog, RowValue } from "../../ports/catalog.ts";
import { listOperations, type Operation } from "./operation-rows.ts";

/** Which archive an operation reads: a backup (of `site`, else of its own), the one of this name, or any. */
export type Reads =
  "anything" | { readonly blob: string } | { readonly backup: number; readonly site?: SiteId | undefined };

interface ArchiveRead {
  readonly key: string;
  readonly isReadable: boolean;
  readonly reads: Reads;
}

/** What each operation of a site that is under way reads, or may read where its row cannot be understood. */
export const archiveReads = async (catalog: Catalog, site: SiteId): Promise<readonly ArchiveRead[]> =>
  (await listOperations(catalog, site)).flatMap(({ row: { key, value }, operation }) => {
    const reads = operation === undefined ? couldRead(value) : readBy(operation);
    return reads === "none" ? [] : [{ key, isReadable: operation !== undefined, reads }];
  });

const readBy = ({ kind, status, backup, request }: Operation): Reads | "none" => {
  if (status !== "InProgress") return "none";
  if (kind === "verify") return backup === undefined ? "none" : { backup };
  // An archive that is none of ours is nobody's to delete.
  return request?.backup === undefined ? "none" : { backup: request.backup, site: request.backupSite };
};

const ended = z.object({ status: z.enum(["Succeeded", "Failed"]) });
const undoing = z.object({ kind: z.literal("undo") });
const verifying = z.object({ kind: z.literal("verify"), backup: z.number() });
const restoring = z.object({ kind: z.literal("restore"), request: z.object({ blob: z.string() }) });

/** What stands in a damaged row counts as far as it goes. */
const couldRead = (value: RowValue): Reads | "none" => {
  if (ended.safeParse(value).success || undoing.safeParse(value).success) return "none";
  const verified = verifying.safeParse(value).data;
  if (verified !== undefined) return { backup: verified.backup };
  const restored = restoring.safeParse(value).data;
  return restored === undefined ? "anything" : { blob: restored.request.blob };
};
