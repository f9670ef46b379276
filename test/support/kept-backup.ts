import type { Backup } from "../../src/domain/backup.ts";
import { shop } from "./installation.ts";

/** The shop's first backup, Succeeded, as a row says it; `more` says what a test is about. */
export const keptBackup = (more: Partial<Backup> = {}): Backup => ({
  site: shop,
  id: 1,
  name: "nightly",
  blobBase: "nightly",
  status: "Succeeded",
  scheduled: false,
  destination: "file:///backups/shop",
  correlationId: "c",
  created: "2026-11-21T12:00:00Z",
  sizeBytes: 1,
  ...more,
});
