/** An event that was told as an error, without its fields. */
export interface LoggedError {
  readonly at: string;
  readonly event: string;
}

/** One line per event; fields name site, backup, run, step. Nothing secret: a Secret prints as [secret]. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}
