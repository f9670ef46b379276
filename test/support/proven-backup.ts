import { objectSource } from "../../src/archive/read/byte-source.ts";
import { openArchive } from "../../src/archive/read/open-archive.ts";
import { readManifest } from "../../src/manifest/read-manifest.ts";
import type { Destination } from "../../src/ports/destination.ts";
import { inlineRunner } from "./inline-runners.ts";
import { verifyArchive } from "./verify-archive.ts";

/** Every bit of the zip is as its directory says, and the manifest means this zip. */
export const isProven = async (destination: Destination, zip: string): Promise<boolean> => {
  const object = await destination.head(zip);
  const xml = await destination.head(zip.replace(/zip$/, "xml"));
  if (object === undefined || xml === undefined) return false;
  const archive = await openArchive(objectSource(destination, object));
  const report = await verifyArchive(archive, { inflate: true, runner: inlineRunner, commitId: archive.commitId });
  const read = readManifest(await destination.read(xml.name, { offset: 0, length: xml.sizeBytes }));
  return report.ok && read.isOurs && read.manifest.archive.commitId === archive.commitId;
};
