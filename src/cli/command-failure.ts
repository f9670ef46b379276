import type { ExitCode } from "./exit-code.ts";

/** Ends a command with a message for people, and a number for scripts. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode;
  /** The service's word for it, or one of the command line's own. */
  readonly code: string;

  constructor(exitCode: ExitCode, code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "CommandFailure";
    this.exitCode = exitCode;
    this.code = code;
  }
}
