import { copyOutTarGz } from "../../archive/selection/copy-out-tar-gz.ts";
import { copyOutZip } from "../../archive/selection/copy-out-zip.ts";
import { selectEntries } from "../../archive/selection/copy-selection.ts";
import type { Archive } from "../../archive/read/open-archive.ts";
import type { Backup } from "../../domain/backup.ts";
import { noPath, type BytePath } from "../../domain/byte-path.ts";
import { refuse } from "../../domain/errors.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import { archiveRefusal, type OpenBackupArchive } from "./backup-archive.ts";
import { inArchive, shown } from "./browse-backup.ts";
import type { Installation } from "../installation.ts";

interface DownloadWish {
  readonly backup: number;
  readonly format: "zip" | "tar.gz";
  /** Below the site's home, folders with all that is in them; none at all: the whole archive. */
  readonly paths: readonly BytePath[];
}

interface Download {
  readonly backup: Backup;
  readonly entries: number;
  /** Undefined where only the end will tell. */
  readonly sizeBytes: number | undefined;
  /** How many names the format cannot hold and are escaped in it. */
  readonly renamed: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** A selection of a backup as an archive of its own, made while it is sent, by ranged reads. */
export const downloadBackup =
  (deps: Pick<Installation, "threads">, open: OpenBackupArchive) =>
  async (call: Call, site: SiteId, wish: DownloadWish): Promise<Download> => {
    const { backup, archive } = await open(site, wish.backup);
    const names = wish.paths.length === 0 ? [noPath] : wish.paths.map(inArchive);
    const { places, missing } = selectEntries(archive.directory, names);
    const [first] = missing;
    if (first !== undefined)
      throw refuse("PathNotInBackup", { backup: backup.id, site: siteLabel(site), path: shown(atHome(first)) });
    try {
      const made = copyOut(deps, archive, { places, format: wish.format, signal: call.signal });
      return { backup, entries: places.length, ...made, content: refused(made.content, backup) };
    } catch (error) {
      throw archiveRefusal(error, backup) ?? error;
    }
  };

interface Selected {
  readonly places: Uint32Array;
  readonly format: DownloadWish["format"];
  readonly signal: AbortSignal | undefined;
}

const copyOut = (
  { threads }: Pick<Installation, "threads">,
  archive: Archive,
  { places, format, signal }: Selected,
): Pick<Download, "sizeBytes" | "renamed" | "content"> => {
  if (format === "zip") return { ...copyOutZip(archive, places, { signal }), renamed: 0 };
  const { renamed, content } = copyOutTarGz(archive, places, { runner: threads, signal });
  return { sizeBytes: undefined, renamed: renamed.length, content };
};

// The cast is safe: what `inArchive` put before it is taken away.
const atHome = (name: BytePath): BytePath => name.slice(inArchive(noPath).length + 1) as BytePath;

async function* refused(content: AsyncIterable<Uint8Array>, backup: Backup): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } catch (error) {
    throw archiveRefusal(error, backup) ?? error;
  }
}
