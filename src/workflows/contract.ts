import type { SiteId } from "../domain/site.ts";

/**
 * Every step's and workflow's name, input and result: small plain objects of JSON. Ids go in, counts and names of scratch
 * objects come out; secrets, listings and plans never pass through here, because payloads are stored readable.
 */

/** Which run a step works for. A step whose epoch is no longer the site's writes nothing and answers RunLost. */
export interface RunRef {
  readonly site: SiteId;
  readonly run: string;
  readonly epoch: number;
}

export interface BackupRef extends RunRef {
  readonly backup: number;
}

/** A part of a verify; it takes no site, so it has no epoch. */
export interface VerifyRef {
  readonly site: SiteId;
  readonly run: string;
  readonly operation: string;
}

/** An expected failure: told to the caller as it is, not tried again. */
export interface Failure {
  readonly ok: false;
  readonly code: "Failed" | "RunLost" | "SourceGone";
  readonly message: string;
}

export type Outcome<Value = object> = ({ readonly ok: true } & Value) | Failure;

/** A scratch object, named by the hash of its content. */
export type ScratchName = string;

interface Steps {
  openBackup: {
    input: BackupRef;
    /** `databases`: how many belong to it. */
    result: Outcome<{ readonly notes: ScratchName; readonly databases: number }>;
  };
  /** Asks every database whether it can be dumped, before the long work. */
  planDatabases: { input: BackupRef; result: Outcome<{ readonly databases: ScratchName }> };
  planArchive: {
    input: BackupRef & { readonly fromScratch: boolean; readonly databases?: ScratchName };
    result: Outcome<{
      readonly plan: ScratchName;
      readonly shards: number;
      readonly copies: number;
      /** How many shards may be packed at once: one where the destination appends. */
      readonly atATime: number;
    }>;
  };
  copyUnchanged: {
    input: BackupRef & { readonly plan: ScratchName; readonly part: number };
    result: Outcome<{ readonly copied: ScratchName }>;
  };
  packShard: {
    input: BackupRef & { readonly plan: ScratchName; readonly shard: number };
    result: Outcome<{ readonly index: ScratchName }>;
  };
  dumpDatabase: {
    input: BackupRef & { readonly plan: ScratchName; readonly databases: ScratchName; readonly place: number };
    result: Outcome<{ readonly dump: ScratchName }>;
  };
  sealArchive: {
    input: BackupRef & {
      readonly plan: ScratchName;
      readonly dumps?: readonly ScratchName[];
      readonly copied: readonly ScratchName[];
      readonly indexes: readonly ScratchName[];
    };
    result: Outcome<{ readonly seal: ScratchName }>;
  };
  readBack: {
    input: BackupRef & { readonly seal: ScratchName };
    /** False: the credential does not allow reading, so that nothing is proven. */
    result: Outcome<{ readonly isProven: boolean }>;
  };
  describeBackup: {
    input: BackupRef & {
      readonly notes: ScratchName;
      readonly databases?: ScratchName;
      readonly dumps?: readonly ScratchName[];
      readonly plan: ScratchName;
      readonly seal: ScratchName;
      readonly isProven: boolean;
    };
    result: Outcome<{ readonly summary: ScratchName }>;
  };
  closeBackup: {
    input: BackupRef & { readonly summary?: ScratchName; readonly failure?: string };
    result: Outcome;
  };
  afterBackup: { input: BackupRef; result: Outcome };
  removeBackup: { input: BackupRef; result: Outcome };
  checkArchive: {
    input: RunRef;
    /** `databases`: how many are to be restored; `files`: whether the site's files are. */
    result: Outcome<{ readonly checked: ScratchName; readonly databases: number; readonly files: boolean }>;
  };
  checkDatabases: {
    input: RunRef & { readonly checked: ScratchName };
    result: Outcome<{ readonly report: ScratchName }>;
  };
  loadDatabase: {
    input: RunRef & { readonly checked: ScratchName; readonly place: number };
    result: Outcome<{ readonly report: ScratchName }>;
  };
  switchDatabases: {
    /** What `loadDatabase` answered, in the order of the places. */
    input: RunRef & { readonly loaded: readonly ScratchName[] };
    result: Outcome<{ readonly report: ScratchName }>;
  };
  planRestore: {
    input: RunRef & { readonly checked: ScratchName };
    /** Without a change the site is not touched at all. */
    result: Outcome<{ readonly plan: ScratchName; readonly changes: number }>;
  };
  stageRestore: { input: RunRef & { readonly plan: ScratchName }; result: Outcome<{ readonly staged: ScratchName }> };
  stopSite: { input: RunRef; result: Outcome };
  restageRestore: {
    input: RunRef & { readonly staged: ScratchName };
    result: Outcome<{ readonly staged: ScratchName }>;
  };
  swapIn: { input: RunRef & { readonly staged: ScratchName }; result: Outcome<{ readonly report: ScratchName }> };
  restoreConfiguration: {
    input: RunRef & { readonly checked: ScratchName };
    result: Outcome<{ readonly report: ScratchName }>;
  };
  putBack: { input: RunRef; result: Outcome<{ readonly report: ScratchName }> };
  startSite: { input: RunRef; result: Outcome };
  closeRestore: {
    /** `reports` are lines for the log, in the order in which they came up; each has the form of `RestoreReport`. */
    input: RunRef & { readonly reports: readonly ScratchName[]; readonly failure?: string };
    result: Outcome;
  };
  verifyArchive: {
    /** `from`: how many entries have been checked; `failure`: why it ends here. */
    input: VerifyRef & { readonly from: number; readonly failure?: string };
    /** `next`: where to go on; absent once all is checked. */
    result: Outcome<{ readonly next?: number }>;
  };
}

/** What each workflow is started with. */
interface Workflows {
  backupSite: BackupRef;
  restoreSite: RunRef;
  undoRestore: RunRef;
  deleteBackup: BackupRef;
  verifyBackup: VerifyRef;
}

export type StepName = keyof Steps;
export type StepInput<Name extends StepName> = Steps[Name]["input"];
export type StepResult<Name extends StepName> = Steps[Name]["result"];

export type WorkflowName = keyof Workflows;
export type WorkflowInput<Name extends WorkflowName> = Workflows[Name];
