/** What the process runs on, as far as a check of the installation asks for it. */
export interface Machine {
  /** Room on the file systems that the installation's own folders lie on; none where it keeps no files. */
  rooms(): Promise<readonly DiskRoom[]>;

  /** Programs that dump and load databases, whether they are here or not. */
  databaseTools(): readonly FoundTool[];
}

export interface DiskRoom {
  readonly folder: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface FoundTool {
  readonly name: string;
  /** What it is for, such as `PostgreSQL`. */
  readonly engine: string;
  readonly path: string | undefined;
}
