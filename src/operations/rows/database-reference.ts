import * as z from "zod";
import { databaseTypes, type DatabaseReference } from "../../domain/database.ts";

/** A database as the catalog's rows name it. */
export const databaseReference: z.ZodType<DatabaseReference> = z.object({
  type: z.enum(databaseTypes),
  name: z.string(),
  connectionStringName: z.string().exactOptional(),
});

/** Fields of a row that names databases; `databaseSecrets` is sealed for the row's key. */
export const keptDatabases = {
  databases: z.array(databaseReference).readonly().exactOptional(),
  databaseSecrets: z.string().exactOptional(),
};
