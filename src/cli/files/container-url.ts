import { Secret } from "../../domain/secret.ts";
import type { CommandContext } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { readText } from "./read-text.ts";

/** A container's URL as it was named: on the command line without its secret, in a file (or `-`, typed unseen) with it. */
export const containerUrl = async (
  { terminal }: Pick<CommandContext, "terminal">,
  { url, file }: { readonly url: string | undefined; readonly file: string | undefined },
): Promise<Secret | undefined> => {
  if (url !== undefined && file !== undefined)
    throw new CommandFailure(
      exitCodes.usage,
      "ContainerTwice",
      "Give the container once: on the command line or in a file.",
    );
  if (file === "-") {
    const typed = terminal.canAsk ? await terminal.askHidden("Container URL with SAS (not shown): ") : undefined;
    if (typed === undefined || typed.trim() === "")
      throw new CommandFailure(exitCodes.usage, "ContainerMissing", "No container URL was typed.");
    return new Secret(typed.trim());
  }
  if (file !== undefined) return new Secret(readText(file, "the container's URL").trim());
  if (url !== undefined && /[?&](?:sig|sv)=/i.test(url))
    throw new CommandFailure(
      exitCodes.usage,
      "SecretInArgument",
      "That URL holds a SAS, and arguments show in every list of processes. Write it into a file and name the file, or - to type it.",
    );
  return url === undefined ? undefined : new Secret(url);
};
