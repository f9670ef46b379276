import type { CommandContext } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";

/**
 * Asks before something that cannot be unseen. The answer is a word to be typed, not a key to be hit. `yes`: it was agreed
 * to by a flag. Where nobody can be asked, nothing is done.
 */
export const confirm = async (
  { terminal }: Pick<CommandContext, "terminal">,
  { question, word, yes }: { readonly question: string; readonly word: string; readonly yes: boolean },
): Promise<void> => {
  if (yes) return;
  if (!terminal.canAsk)
    throw new CommandFailure(
      exitCodes.usage,
      "NotConfirmed",
      "Nobody can be asked here, so nothing was done. Add --yes to agree beforehand.",
    );
  const typed = await terminal.ask(`${question} Type ${word} to go on: `);
  if (typed?.trim() !== word) throw new CommandFailure(exitCodes.usage, "NotConfirmed", "Nothing was done.");
};
