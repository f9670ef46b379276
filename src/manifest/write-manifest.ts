import type { Manifest } from "../domain/manifest.ts";
import { encodeManifest } from "./encode-manifest.ts";
import { readManifest } from "./read-manifest.ts";

/** The bytes of `NAME.xml`: the same value gives the same bytes. Throws ManifestInvalid when they could not be read again. */
export const writeManifest = (manifest: Manifest): Buffer => {
  const bytes = encodeManifest(manifest);
  // A manifest nobody can read is a backup nobody can restore, so this is found while the site is still there.
  readManifest(bytes);
  return bytes;
};
