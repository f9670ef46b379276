import { runCopyJob, type CopyJob, type CopyResult } from "./copy-job.ts";
import {
  runPackFilesJob,
  runPackSliceJob,
  type PackFilesJob,
  type PackFilesResult,
  type PackSliceJob,
  type PackSliceResult,
} from "./pack-jobs.ts";

/** The work of packing and copying that costs time: what goes in, */
export interface PackJobs {
  readonly packFiles: PackFilesJob;
  readonly packSlice: PackSliceJob;
  readonly copy: CopyJob;
}

/** and what comes out. */
export interface PackResults {
  readonly packFiles: PackFilesResult;
  readonly packSlice: PackSliceResult;
  readonly copy: CopyResult;
}

type PackKind = keyof PackJobs;

/** Runs jobs, somewhere. Buffers that a job fills alone are gone for the caller. */
export interface PackRunner {
  /** Jobs that run at the same time. */
  readonly threads: number;
  /** How hard it deflates, from 1 to 9. */
  readonly level: number;
  /** Rejects with the signal's reason as soon as it is aborted. */
  run<Kind extends PackKind>(kind: Kind, job: PackJobs[Kind], signal?: AbortSignal): Promise<PackResults[Kind]>;
}

const runs: { readonly [Kind in PackKind]: (job: PackJobs[Kind]) => PackResults[Kind] } = {
  packFiles: runPackFilesJob,
  packSlice: runPackSliceJob,
  copy: runCopyJob,
};

export const runPackJob = <Kind extends PackKind>(kind: Kind, job: PackJobs[Kind]): PackResults[Kind] =>
  runs[kind](job);
