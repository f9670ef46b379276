import { crc32 } from "node:zlib";
import { ArchiveInvalid, ofEntry } from "../archive-invalid.ts";
import { forEachBounded } from "../bounded.ts";
import { checkCanonical, checkNoGaps, claimsToBeOurs } from "./check-canonical.ts";
import type { CommitId } from "../directory/commit-id.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { storedStart } from "./entry-data.ts";
import { extractLarge } from "./extract-large.ts";
import { extractSegments, type ExtractOptions } from "./extract-segments.ts";
import type { Archive } from "./open-archive.ts";
import { readTarget } from "./read-entry.ts";
import { readSegments, type ReadSegment } from "./read-segments.ts";
import { checkStoredCrc, openStored } from "./stored-entry.ts";

interface VerifyOptions extends ExtractOptions {
  /**
   * False: every stored byte is compared with its checksum, which finds all damage. True: every content is inflated
   * and hashed as well, which proves that it can be restored. Archives of other tools are always inflated.
   */
  readonly inflate: boolean;
  /** The one known from elsewhere: tells a forged archive from a damaged one. */
  readonly commitId?: CommitId | undefined;
  readonly onProgress?: (done: { readonly entries: number; readonly storedBytes: number }) => void;
}

export interface VerifyReport {
  /** Nothing was found. */
  readonly ok: boolean;
  readonly entries: number;
  /** Of the archive, directory included. */
  readonly sizeBytes: number;
  /** Written by Lifeboat: checked to the last bit. Of other tools' archives only contents and headers are checked. */
  readonly isOurs: boolean;
  readonly faultCount: number;
  /** The first hundred. */
  readonly faults: readonly ArchiveInvalid[];
}

const mostFaults = 100;

/**
 * Reads the whole archive and tells everything that is wrong with it. In an archive that Lifeboat wrote a single
 * changed bit anywhere is found, with and without inflating.
 */
export const verifyArchive = async (archive: Archive, options: VerifyOptions): Promise<VerifyReport> => {
  const { isOurs, faults } = await verifyDirectory(archive, options);
  const verification = new Verification(archive, options);
  faults.forEach(verification.found);
  await verification.checkEntries("all", isOurs);
  return verification.report(isOurs);
};

/** The first part of it: the directory, and that nothing lies between the entries. Reads no content. */
export const verifyDirectory = async (
  archive: Archive,
  { commitId, signal }: Pick<VerifyOptions, "commitId" | "signal">,
): Promise<Pick<VerifyReport, "isOurs" | "faults">> => {
  const isOurs = commitId !== undefined || claimsToBeOurs(archive);
  const faults: ArchiveInvalid[] = [];
  if (commitId !== undefined && commitId !== archive.commitId)
    faults.push(new ArchiveInvalid("CommitIdMismatch", `Its commit id is ${archive.commitId}.`));
  for (const check of isOurs ? [() => checkNoGaps(archive), () => checkCanonical(archive, signal)] : []) {
    const fault = await faultOf(check);
    if (fault !== undefined) faults.push(fault);
  }
  return { isOurs, faults };
};

/** The other part, of these entries only: an archive can be verified piece by piece. `isOurs` as `verifyDirectory` says. */
export const verifyEntries = async (
  archive: Archive,
  places: Iterable<number>,
  options: Omit<VerifyOptions, "commitId"> & { readonly isOurs: boolean },
): Promise<VerifyReport> => {
  const verification = new Verification(archive, options);
  await verification.checkEntries(places, options.isOurs);
  return verification.report(options.isOurs);
};

const faultOf = async (check: () => void | Promise<void>): Promise<ArchiveInvalid | undefined> => {
  try {
    await check();
    return undefined;
  } catch (error) {
    if (error instanceof ArchiveInvalid) return error;
    throw error;
  }
};

/** One run of it: collects what is found. */
class Verification {
  readonly #archive: Archive;
  readonly #options: VerifyOptions;
  readonly #faults: ArchiveInvalid[] = [];
  #faultCount = 0;
  #entries = 0;
  #bytes = 0;

  constructor(archive: Archive, options: VerifyOptions) {
    this.#archive = archive;
    this.#options = options;
  }

  readonly found = (fault: ArchiveInvalid): void => {
    this.#faultCount++;
    if (this.#faults.length < mostFaults) this.#faults.push(fault);
  };

  async checkEntries(places: Iterable<number> | "all", isOurs: boolean): Promise<void> {
    const { inflate, runner, signal } = this.#options;
    if (isOurs && !inflate)
      return forEachBounded(readSegments(this.#archive, places), 4, (segment) => this.#checkStored(segment));
    await extractSegments(this.#archive, places, {
      runner,
      signal,
      output: "check",
      onLarge: ({ place }) => extractLarge(this.#archive, place, { runner, signal }),
      onFault: this.found,
      onDone: (placed) => placed.forEach(({ entry }) => this.#done(entry)),
    });
    if (!isOurs) await this.#checkTargets();
  }

  /** What is no path cannot be a link's target; only other tools' archives have such links. */
  async #checkTargets(): Promise<void> {
    const { directory } = this.#archive;
    for (let place = 0; place < directory.length; place++) {
      if (directory.at(place).kind !== "link") continue;
      try {
        await readTarget(this.#archive, place, this.#options.signal);
      } catch (error) {
        if (!(error instanceof ArchiveInvalid)) throw error;
        // Any other fault of the entry has been found already.
        if (error.code === "BadRecord") this.found(error);
      }
    }
  }

  /** Headers and stored checksums, without inflating. */
  async #checkStored(segment: ReadSegment): Promise<void> {
    const { directory, source } = this.#archive;
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const bytes = segment.isLarge ? undefined : await source.read(segment.start, segment.end - segment.start, signal);
    for (const place of segment.places) {
      const entry = directory.at(place);
      const fault = await faultOf(() =>
        named(entry, () => (bytes ? checkSmall(entry, bytes, segment) : checkLarge(this.#archive, place, signal))),
      );
      if (fault !== undefined) this.found(fault);
      this.#done(entry);
    }
  }

  #done(entry: DirectoryEntry): void {
    this.#entries++;
    this.#bytes += entry.storedBytes;
    this.#options.onProgress?.({ entries: this.#entries, storedBytes: this.#bytes });
  }

  report(isOurs: boolean): VerifyReport {
    const { directory, source } = this.#archive;
    const faults = { faultCount: this.#faultCount, faults: this.#faults };
    return { ok: this.#faultCount === 0, entries: directory.length, sizeBytes: source.sizeBytes, isOurs, ...faults };
  }
}

const named = async (entry: DirectoryEntry, check: () => void | Promise<void>): Promise<void> => {
  try {
    await check();
  } catch (error) {
    throw ofEntry(entry.name, error);
  }
};

const checkSmall = (entry: DirectoryEntry, bytes: Uint8Array, segment: ReadSegment): void => {
  const start = storedStart(entry, bytes, entry.offset - segment.start);
  checkStoredCrc(entry, crc32(bytes.subarray(start, start + entry.storedBytes)));
};

/** Reads to the end, where the checksum is compared. */
const checkLarge = async (archive: Archive, place: number, signal: AbortSignal | undefined): Promise<void> => {
  const stored = await openStored(archive, place, { ahead: 2 ** 20, signal });
  for await (const _ of stored.pieces()) signal?.throwIfAborted();
};
