import { manifestName, type Backup } from "../../domain/backup.ts";
import { ManifestInvalid } from "../../domain/manifest.ts";
import { storedManifest } from "../../operations/containers/stored-manifest.ts";
import type { Verification } from "../../operations/rows/operation-rows.ts";
import type { Destination } from "../../ports/destination.ts";

/** What is wrong with a backup's description: a restore needs it. */
export const manifestFaults = async (destination: Destination, backup: Backup): Promise<Verification["faults"]> => {
  const name = manifestName(backup.blobBase);
  const fault = (code: string, problem: string) => [{ path: name, code, problem }];
  const object = await destination.head(name);
  if (object === undefined) return fault("Missing", `${name} is not in the container any more.`);
  try {
    const read = await storedManifest(destination, object);
    if (read.isOurs && read.manifest.archive.commitId === backup.commitId) return [];
    return fault("CommitIdMismatch", `${name} describes another archive.`);
  } catch (error) {
    if (error instanceof ManifestInvalid) return fault(error.code, error.message);
    throw error;
  }
};
