/** What the process runs on, as far as a check of the installation asks for it. */
export interface Machine {
  /** Room on the file systems that the installation's own folders lie on; none where it keeps no files. */
  rooms(): Promise<readonly DiskRoom[]>;

  /** Room on the disk that a folder lies on, or will lie on; undefined where that cannot be known. */
  roomOf(folder: string): Promise<DiskRoom | undefined>;

  /** Room where catalog and runs are written down; undefined where that is no disk of this machine. */
  catalogRoom(): Promise<DiskRoom | undefined>;

  /** Keeps some room on that disk for the worst; does nothing where some is kept, or where there is no such disk. */
  keepReserve(): Promise<void>;

  /** Gives that room up. False: none was kept. */
  giveUpReserve(): Promise<boolean>;

  /** Programs that dump and load databases, whether they are here or not. */
  databaseTools(): readonly FoundTool[];
}

export interface DiskRoom {
  readonly folder: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

interface FoundTool {
  readonly name: string;
  /** What it is for, such as `PostgreSQL`. */
  readonly engine: string;
  readonly path: string | undefined;
}
