import { ManifestInvalid } from "../../domain/manifest.ts";
import { maxManifestBytes } from "../../manifest/manifest-xml.ts";
import { readManifest, type ReadManifest } from "../../manifest/read-manifest.ts";
import type { Destination, StoredObject } from "../../ports/destination.ts";

/** Reads an object that should be a manifest. Throws ManifestInvalid, also for what is too long to be one: that is not read. */
export const storedManifest = async (
  destination: Destination,
  { name, sizeBytes, etag }: StoredObject,
): Promise<ReadManifest> => {
  if (sizeBytes > maxManifestBytes)
    throw new ManifestInvalid("TooLarge", `${name} is too long for a manifest (${sizeBytes} bytes).`);
  return readManifest(await destination.read(name, { offset: 0, length: sizeBytes }, { ifMatch: etag }));
};
