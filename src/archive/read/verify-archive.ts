import { crc32 } from "node:zlib";
import { ArchiveInvalid, ofEntry } from "../archive-invalid.ts";
import { forEachBounded } from "../bounded.ts";
import { checkCanonical, checkNoGaps, claimsToBeOurs } from "./check-canonical.ts";
import type { CommitId } from "../directory/commit-id.ts";
import type { DirectoryEntry } from "../records/directory-entry.ts";
import { lent } from "../content/free-memory.ts";
import { storedStart } from "./entry-data.ts";
import { extractLarge } from "./extract-large.ts";
import { extractSegments, type ExtractOptions } from "./extract-segments.ts";
import type { Archive } from "./open-archive.ts";
import { readTarget } from "./read-entry.ts";
import { readSegments, type ReadSegment } from "./read-segments.ts";
import { checkStoredCrc, openStored } from "./stored-entry.ts";

interface VerifyOptions extends ExtractOptions {
  /** As `verifyDirectory` says. */
  readonly isOurs: boolean;
  /**
   * False: every stored byte is compared with its checksum, which finds all damage. True: every content is inflated
   * and hashed as well, which proves that it can be restored. Archives of other tools are always inflated.
   */
  readonly inflate: boolean;
}

interface EntryFaults {
  readonly faultCount: number;
  /** The first hundred. */
  readonly faults: readonly ArchiveInvalid[];
}

const mostFaults = 100;

/**
 * What is wrong with an archive besides its entries: with its directory, and with what lies between them. Reads no content.
 * Together with `verifyEntries` for all places it finds a single changed bit anywhere in an archive that Lifeboat wrote.
 */
export const verifyDirectory = async (
  archive: Archive,
  /** `commitId`: the one known from elsewhere, which tells a forged archive from a damaged one. */
  { commitId, signal }: { readonly commitId?: CommitId | undefined; readonly signal?: AbortSignal | undefined },
): Promise<{
  /** Written by Lifeboat: checked to the last bit. Of other tools' archives only contents and headers are checked. */
  readonly isOurs: boolean;
  readonly faults: readonly ArchiveInvalid[];
}> => {
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

/** What is wrong with these entries: an archive is verified piece by piece. */
export const verifyEntries = async (
  archive: Archive,
  places: Uint32Array,
  options: VerifyOptions,
): Promise<EntryFaults> => {
  const verification = new Verification(archive, options);
  await verification.check(places);
  return verification.faults();
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

  constructor(archive: Archive, options: VerifyOptions) {
    this.#archive = archive;
    this.#options = options;
  }

  async check(places: Uint32Array): Promise<void> {
    const { isOurs, inflate, runner, signal } = this.#options;
    if (isOurs && !inflate)
      return forEachBounded(readSegments(this.#archive, places), 4, (segment) => this.#checkStored(segment));
    await extractSegments(this.#archive, places, {
      runner,
      signal,
      output: "check",
      onLarge: ({ place }) => extractLarge(this.#archive, place, { runner, signal }),
      onFault: this.#found,
    });
    if (!isOurs) await this.#checkTargets(places);
  }

  faults(): EntryFaults {
    return { faultCount: this.#faultCount, faults: this.#faults };
  }

  readonly #found = (fault: ArchiveInvalid): void => {
    this.#faultCount++;
    if (this.#faults.length < mostFaults) this.#faults.push(fault);
  };

  /** What is no path cannot be a link's target; only other tools' archives have such links. */
  async #checkTargets(places: Uint32Array): Promise<void> {
    const { directory } = this.#archive;
    for (const place of places) {
      if (directory.at(place).kind !== "link") continue;
      try {
        await readTarget(this.#archive, place, this.#options.signal);
      } catch (error) {
        if (!(error instanceof ArchiveInvalid)) throw error;
        // Any other fault of the entry has been found already.
        if (error.code === "BadRecord") this.#found(error);
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
      if (fault !== undefined) this.#found(fault);
    }
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
  for await (const _ of lent(stored.pieces())) signal?.throwIfAborted();
};
