import { databaseLabel, DatabaseFailure, type DatabaseConnection } from "../../../domain/database.ts";
import { postgresFailure } from "./postgres-failure.ts";
import { ToolFailed } from "../tool-process.ts";

interface RestoreError {
  /** What the server said to it. */
  readonly reason: string;
  readonly command: string;
}

/** About who owns and may use something: the data is complete without. */
const aboutRoles = /^(?:ALTER .* OWNER TO |GRANT |REVOKE |ALTER DEFAULT PRIVILEGES |SECURITY LABEL )/s;
const roleReasons =
  /role ".*" does not exist|permission denied|must be owner|must be member|must be able to SET ROLE|no privileges|provider .* is not loaded/;
/** Of what the server brings along itself. */
const aboutExtensions = /^(?:COMMENT ON EXTENSION |ALTER EXTENSION )/;
/** What has more lines that tell something. */
const goesOn = /^could not execute query|^COPY failed .* does not exist$/;
/** A setting of the session that only newer servers know. */
const aboutSettings = /^SET \w+ = /;

/**
 * Understands what pg_restore says while it goes on after errors. Each comes as `error: could not execute query: REASON`
 * and `Command was: STATEMENT`, which may have many lines; what else it calls an error ends the load.
 */
export class RestoreErrors {
  readonly #onFatal: () => void;
  readonly #tolerated: RestoreError[] = [];
  #fatal: RestoreError | undefined;
  #open: { reason: string; command?: string } | undefined;

  constructor(onFatal: () => void) {
    this.#onFatal = onFatal;
  }

  hear(line: string): void {
    if (line.startsWith("pg_restore: ")) this.#close();
    const failed = /^pg_restore: error: (.*)$/s.exec(line);
    if (failed !== null) {
      this.#open = { reason: failed[1] ?? "" };
      if (!goesOn.test(this.#open.reason)) this.#close();
      return;
    }
    const open = this.#open;
    if (open === undefined || line.startsWith("pg_restore: ")) return;
    if (open.reason.startsWith("COPY ")) return this.#hearOfRows(open, line);
    const command = /^Command was: (.*)$/s.exec(line);
    if (command !== null) open.command = command[1] ?? "";
    else if (open.command === undefined) open.reason += ` ${line.trim()}`;
    else open.command += `\n${line}`;
  }

  /** Behind the function that a row could not pass stands the row, which is nothing for a log. */
  #hearOfRows(open: { reason: string }, line: string): void {
    const called = /^(?:CONTEXT: +)?((?:SQL|PL\/\w+) function .*)/.exec(line);
    if (called !== null) open.reason += `, in ${called[1]}`;
    if (called !== null || /^(?:CONTEXT: +)?COPY /.test(line)) this.#close();
  }

  /** Its output has ended. */
  end(): void {
    this.#close();
  }

  #close(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined || this.#fatal !== undefined) return;
    const error = { reason: open.reason.trim(), command: open.command?.trim() ?? "" };
    if (isHarmless(error)) return void this.#tolerated.push(error);
    this.#fatal = error;
    this.#onFatal();
  }

  /** Whether the tool's end with an error is due to nothing but what was tolerated. */
  explains(error: unknown): boolean {
    return error instanceof ToolFailed && error.code === 1 && this.#tolerated.length > 0;
  }

  fatal(connection: DatabaseConnection): DatabaseFailure | undefined {
    if (this.#fatal === undefined) return undefined;
    const { reason, command } = this.#fatal;
    const failure = postgresFailure(new ToolFailed("pg_restore", 1, reason), connection);
    const kind = failure instanceof DatabaseFailure ? failure.kind : "ToolFailed";
    const what = command === "" ? "" : ` The statement was: ${command.slice(0, 200)}`;
    const text = failure instanceof DatabaseFailure ? failure.message : reason;
    return new DatabaseFailure(
      kind,
      `${text.replace(databaseLabel(connection), `${databaseLabel(connection)} could not be loaded`)}${what}`,
    );
  }

  /** What was tolerated, as sentences. */
  get notes(): readonly string[] {
    const about = this.#tolerated.filter(({ command }) => !aboutSettings.test(command));
    if (about.length === 0) return [];
    const roles = new Set(about.flatMap(({ reason }) => /role "(.*?)" does not exist/.exec(reason)?.[1] ?? []));
    const unknown = roles.size === 0 ? "" : ` Roles unknown here: ${[...roles].slice(0, 20).join(", ")}.`;
    const [first] = about;
    return [
      `${about.length} statements about owners and rights could not be carried out; what they are about belongs to the restoring user, with the usual rights.${unknown} The first: ${first?.command.split("\n")[0]?.slice(0, 200)}`,
    ];
  }
}

const isHarmless = ({ reason, command }: RestoreError): boolean =>
  (aboutRoles.test(command) && roleReasons.test(reason)) ||
  (aboutExtensions.test(command) && /must be owner|permission denied/.test(reason)) ||
  (aboutSettings.test(command) && reason.includes("unrecognized configuration parameter"));
