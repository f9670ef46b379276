import { createHash } from "node:crypto";
import { scratchDatabaseName } from "../domain/database.ts";
import type { Installation } from "../operations/installation.ts";

/** What stands in the names of all databases that are made for one database of a run. */
export const databaseToken = (run: string, place: number): string =>
  createHash("sha256").update(`${run} ${place}`).digest("hex").slice(0, 16);

/** Of no other attempt. */
export const newScratchName = ({ newId }: Pick<Installation, "newId">, token: string): string =>
  scratchDatabaseName(token, createHash("sha256").update(newId()).digest("hex").slice(0, 8));
