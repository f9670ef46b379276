import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { directoryDestination } from "../../src/adapters/destination/directory.ts";
import { LocalDirectory } from "../../src/adapters/site-files/local-directory.ts";
import { filesPrefix } from "../../src/archive/listing/entry-row.ts";
import {
  extractToRoots,
  type Extracted,
  type ExtractToRootsOptions,
} from "../../src/archive/restore/extract-to-roots.ts";
import { openArchive } from "../../src/archive/read/open-archive.ts";
import type { SealedArchive } from "../../src/archive/shards/seal.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { fileSource } from "./file-source.ts";
import { packArchive, type PackOptions } from "./pack-archive.ts";
import { inlineRunner } from "./inline-runners.ts";

/** Packs a directory of this machine into a zip file below `folder`, as a backup to a local destination does. */
export const packDirectory = async (
  home: string,
  folder: string,
  options: Partial<PackOptions> = {},
): Promise<{ readonly zip: string; readonly sealed: SealedArchive }> => {
  const site = new LocalDirectory([{ at: pathFromText(""), directory: home }]);
  const destination = directoryDestination(folder, { isMade: true });
  const sealed = await packArchive({ site, destination, name: "backup.zip", ...options });
  return { zip: join(folder, "backup.zip"), sealed };
};

/** Unpacks an archive of ours into a new directory, everything checked and stamped. */
export const unpackZip = async (
  zip: string,
  directory: string,
  { selection, ...options }: Partial<ExtractToRootsOptions> & { readonly selection?: Iterable<number> } = {},
): Promise<Extracted> => {
  mkdirSync(directory, { recursive: true });
  const source = fileSource(zip);
  try {
    const archive = await openArchive(source);
    return await extractToRoots(archive, selection ?? archive.byOffset, {
      runner: inlineRunner,
      roots: [{ at: pathFromText(""), directory }],
      prefix: filesPrefix,
      stampsFolders: true,
      ...options,
    });
  } finally {
    source.close();
  }
};
