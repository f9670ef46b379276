import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";

/** What a plain Node service does today: archiver over a directory, at its usual level. */
export const runArchiver = async (site: string, output: string): Promise<void> => {
  const { ZipArchive } = await import("archiver");
  const archive = new ZipArchive({ zlib: { level: 6 } });
  archive.directory(site, false);
  const written = pipeline(archive, createWriteStream(output));
  await archive.finalize();
  await written;
};
