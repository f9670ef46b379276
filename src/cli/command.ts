import type { ExitCode } from "./exit-code.ts";
import type { Service } from "./service/service.ts";
import type { Terminal } from "./terminal/terminal.ts";
import type { Connection, ConnectionFlags } from "./service/connection.ts";

/** What a command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Found and opened when it is first asked for. */
  readonly service: () => Service;
  readonly connection: () => Connection;
  /** Results as JSON. */
  readonly json: boolean;
  /** No progress. */
  readonly quiet: boolean;
  /** A variable of the environment. */
  readonly variable: (name: string) => string | undefined;
  readonly now: () => Date;
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly version: string;
}

/** What was typed, by the names of the definition: `SITE`, and options without their dashes. */
export interface Given {
  readonly text: (name: string) => string | undefined;
  /** An argument that has to be there. */
  readonly need: (name: string) => string;
  readonly texts: (name: string) => readonly string[];
  readonly flag: (name: string) => boolean;
}

export type RunCommand = (context: CommandContext, given: Given) => Promise<ExitCode>;

/** What completion offers for an argument or an option's value. */
export type Completes = "site" | "backup" | "file" | "folder";

interface ArgumentDefinition {
  /** `SITE`, `[BACKUP]`, `[PATH...]`. */
  readonly name: string;
  readonly about: string;
  readonly completes?: Completes;
}

export interface OptionDefinition {
  /** `--name <name>`, `--yes`. */
  readonly flags: string;
  /** An older word: it works, and is in no help. */
  readonly isHidden?: boolean;
  /** May be given several times, a value each. */
  readonly isRepeatable?: boolean;
  readonly about: string;
  readonly completes?: Completes;
}

export interface CommandDefinition {
  /** One word, or two: `site add`. */
  readonly name: string;
  readonly about: string;
  /** Not for people: in no help. */
  readonly isHidden?: boolean;
  readonly arguments?: readonly ArgumentDefinition[];
  readonly options?: readonly OptionDefinition[];
  /** What is typed, and what that does. */
  readonly examples: readonly (readonly [typed: string, does: string])[];
  /** Where the installation is named among the arguments. */
  readonly connectionIn?: (given: Given) => ConnectionFlags;
  /** Loads the command's own code, when it is typed. */
  readonly load: () => Promise<RunCommand>;
}
