import * as z from "zod";
import { endStatuses, type EndedBackup, type EndedRestore } from "../../domain/alarm.ts";

/** What has ended, as news and alarms of it are kept. */
export const endedBackup: z.ZodType<EndedBackup> = z.object({
  id: z.number(),
  name: z.string(),
  status: z.enum(endStatuses),
  scheduled: z.boolean(),
  finished: z.string(),
  seconds: z.number(),
  bytes: z.number(),
  emptied: z.boolean().exactOptional(),
  log: z.string().exactOptional(),
});

export const endedRestore: z.ZodType<EndedRestore> = z.object({
  id: z.string(),
  kind: z.enum(["restore", "undo"]),
  status: z.enum(["Succeeded", "Failed"]),
  finished: z.string(),
  blob: z.string().exactOptional(),
  settles: z.boolean(),
  cancelled: z.boolean(),
  closed: z.boolean(),
  half: z.boolean(),
  down: z.boolean(),
  log: z.string().exactOptional(),
});
