import * as z from "zod";
import type { SiteId } from "../../domain/site.ts";

/** A site as the catalog's rows name it. */
export const siteId: z.ZodType<SiteId> = z.object({
  subscription: z.string(),
  resourceGroup: z.string(),
  name: z.string(),
  slot: z.string().exactOptional(),
});
