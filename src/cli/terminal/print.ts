import type { CommandContext } from "../command.ts";

/** A command's result: JSON for scripts, text for people. */
export const print = (context: Pick<CommandContext, "terminal" | "json">, value: unknown, text: () => string): void =>
  context.terminal.out(context.json ? `${JSON.stringify(value, null, 2)}\n` : text());
