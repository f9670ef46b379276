import { runExtractJob, type ExtractJob, type ExtractResult } from "./extract-job.ts";
import { runHashFilesJob, type HashFilesJob, type HashFilesResult } from "./hash-files-job.ts";
import {
  runFindSlicesJob,
  runOwnSliceJob,
  type FindSlicesJob,
  type FindSlicesResult,
  type OwnSliceJob,
  type OwnSliceResult,
} from "./own-slice-job.ts";
import { runPlaceJob, type PlaceJob, type PlaceResult } from "./place-job.ts";
import { runSliceJob, type SliceJob, type SliceResult } from "./slice-job.ts";

/** The work of reading that costs time: what goes in, */
export interface ReadJobs {
  readonly extract: ExtractJob;
  readonly slice: SliceJob;
  readonly findSlices: FindSlicesJob;
  readonly ownSlice: OwnSliceJob;
  readonly hashFiles: HashFilesJob;
  readonly place: PlaceJob;
}

/** and what comes out. */
export interface ReadResults {
  readonly extract: ExtractResult;
  readonly slice: SliceResult;
  readonly findSlices: FindSlicesResult;
  readonly ownSlice: OwnSliceResult;
  readonly hashFiles: HashFilesResult;
  readonly place: PlaceResult;
}

type ReadKind = keyof ReadJobs;

/** Runs jobs, somewhere. The buffers of a job are gone for the caller. */
export interface ReadRunner {
  /** Jobs that run at the same time. */
  readonly threads: number;
  run<Kind extends ReadKind>(kind: Kind, job: ReadJobs[Kind]): Promise<ReadResults[Kind]>;
}

const runs: { readonly [Kind in ReadKind]: (job: ReadJobs[Kind]) => ReadResults[Kind] } = {
  extract: runExtractJob,
  slice: runSliceJob,
  findSlices: runFindSlicesJob,
  ownSlice: runOwnSliceJob,
  hashFiles: runHashFilesJob,
  place: runPlaceJob,
};

export const runReadJob = <Kind extends ReadKind>(kind: Kind, job: ReadJobs[Kind]): ReadResults[Kind] =>
  runs[kind](job);
