import { manifestName, type Backup } from "../../domain/backup.ts";
import { ManifestInvalid } from "../../domain/manifest.ts";
import type { Verification } from "../../operations/rows/operation-rows.ts";
import { maxManifestBytes } from "../../manifest/manifest-xml.ts";
import { readManifest } from "../../manifest/read-manifest.ts";
import type { Destination } from "../../ports/destination.ts";

/** What is wrong with a backup's description: a restore needs it. */
export const manifestFaults = async (destination: Destination, backup: Backup): Promise<Verification["faults"]> => {
  const name = manifestName(backup.blobBase);
  const fault = (code: string, problem: string) => [{ path: name, code, problem }];
  const object = await destination.head(name);
  if (object === undefined) return fault("Missing", `${name} is not in the container any more.`);
  if (object.sizeBytes > maxManifestBytes) return fault("TooLarge", `${name} has ${object.sizeBytes} bytes.`);
  const bytes = await destination.read(name, { offset: 0, length: object.sizeBytes }, { ifMatch: object.etag });
  try {
    const read = readManifest(bytes);
    if (read.isOurs && read.manifest.archive.commitId === backup.commitId) return [];
    return fault("CommitIdMismatch", `${name} describes another archive.`);
  } catch (error) {
    if (error instanceof ManifestInvalid) return fault(error.code, error.message);
    throw error;
  }
};
