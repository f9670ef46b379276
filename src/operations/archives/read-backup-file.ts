import { findEntry } from "../../archive/directory/browse.ts";
import { checkReadable } from "../../archive/content/inflate-entry.ts";
import type { DirectoryEntry } from "../../archive/records/directory-entry.ts";
import { readEntry, readTarget } from "../../archive/read/read-entry.ts";
import { readStoredRange } from "../../archive/read/read-stored-range.ts";
import { pathText, type BytePath } from "../../domain/byte-path.ts";
import { refuse } from "../../domain/errors.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { archiveRefusal, type OpenBackupArchive } from "./backup-archive.ts";
import { inArchive, shown } from "./browse-backup.ts";

interface ByteRange {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

export interface BackupFile {
  readonly entry: DirectoryEntry;
  /**
   * The content, or a part of it. The whole is checked when its end is reached, and throws there when the archive is
   * damaged; a part cannot be checked. A part of a compressed file costs reading the file up to it.
   */
  content(range?: ByteRange): AsyncGenerator<Uint8Array>;
}

/** One file of a backup, by ranged reads of the archive. A link is refused with its target: it has no content. */
export const readBackupFile =
  (open: OpenBackupArchive) =>
  async (call: Call, site: SiteId, wish: { readonly backup: number; readonly path: BytePath }): Promise<BackupFile> => {
    const { backup, archive } = await open(site, wish.backup);
    const place = findEntry(archive.directory, inArchive(wish.path));
    if (place === undefined || wish.path === "")
      throw refuse("PathNotInBackup", { backup: backup.id, site: siteLabel(site), path: shown(wish.path) });
    const entry = archive.directory.at(place);
    try {
      if (entry.kind === "link") throw notAFile(wish.path, `a link to ${pathText(await readTarget(archive, place))}`);
      if (entry.kind !== "file") throw notAFile(wish.path, "a folder");
      checkReadable(entry);
    } catch (error) {
      throw archiveRefusal(error, backup) ?? error;
    }
    return {
      entry,
      async *content(range = { from: 0, to: entry.sizeBytes }) {
        try {
          const isPart = range.from > 0 || range.to < entry.sizeBytes;
          if (isPart && entry.method === 0) yield* readStoredRange(archive, place, { ...range, signal: call.signal });
          else yield* cut(readEntry(archive, place, call.signal), range, entry.sizeBytes);
        } catch (error) {
          throw archiveRefusal(error, backup) ?? error;
        }
      },
    };
  };

const notAFile = (path: BytePath, what: string) =>
  refuse("InvalidField", { field: "path", reason: `${shown(path)} is ${what}, not a file.` });

async function* cut(
  content: AsyncIterable<Uint8Array>,
  { from, to }: ByteRange,
  sizeBytes: number,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const piece of content) {
    const start = Math.max(0, from - at);
    const end = Math.min(piece.length, to - at);
    if (start < end) yield piece.subarray(start, end);
    at += piece.length;
    // At the very end one more turn is needed: only there are size and checksums compared.
    if (at >= to && to < sizeBytes) return;
  }
}
