import type { ArchiveInvalid } from "../../src/archive/archive-invalid.ts";
import type { CommitId } from "../../src/archive/directory/commit-id.ts";
import type { Archive } from "../../src/archive/read/open-archive.ts";
import { verifyDirectory, verifyEntries } from "../../src/archive/read/verify-archive.ts";
import type { ReadRunner } from "../../src/archive/threads/read-runner.ts";

interface VerifyOptions {
  readonly inflate: boolean;
  readonly commitId?: CommitId | undefined;
  readonly runner: ReadRunner;
  readonly signal?: AbortSignal;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly isOurs: boolean;
  readonly entries: number;
  readonly faultCount: number;
  readonly faults: readonly ArchiveInvalid[];
}

/** Verifies all of an archive in one go, of the same two parts as the step of a verification. */
export const verifyArchive = async (
  archive: Archive,
  { inflate, commitId, runner, signal }: VerifyOptions,
): Promise<VerifyReport> => {
  const { isOurs, faults } = await verifyDirectory(archive, { commitId, signal });
  const entries = await verifyEntries(archive, archive.byOffset, { isOurs, inflate, runner, signal });
  const all = [...faults, ...entries.faults];
  const faultCount = faults.length + entries.faultCount;
  return { ok: faultCount === 0, isOurs, entries: archive.directory.length, faultCount, faults: all };
};
