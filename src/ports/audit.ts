import type { Caller } from "../domain/caller.ts";
import type { Log } from "./log.ts";

/** What an entry tells beside who and where: names, numbers and flags; a Secret is none of these. */
export type AuditFacts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** Somebody changed something, or was refused it. */
export interface AuditEntry {
  /** When it was answered. */
  readonly at: string;
  /** The answer's x-ms-request-id, which the log knows too. */
  readonly request: string;
  readonly caller: Pick<Caller, "kind" | "id" | "name" | "role">;
  /** The address he asked from. */
  readonly source: string;
  /** As docs/api.md names it. */
  readonly operation: string;
  /** The resource id of the site in the path. */
  readonly site?: string;
  readonly facts: AuditFacts;
  /** `started`: it goes on by itself, and its operation tells the end. */
  readonly result: "done" | "started" | "refused" | "failed";
  readonly status: number;
  /** Why not, as docs/errors.md names it. */
  readonly code?: string;
}

/** Keeps who changed what. */
export interface Audit {
  /** Kept once this resolves. Never throws: what could not be kept is an error in the log, with all of the entry. */
  record(entry: AuditEntry, log: Log): Promise<void>;
}
