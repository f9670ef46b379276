import { isCode } from "../../domain/error-code.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { messageOf } from "../../domain/errors.ts";

/** Contents are checked while they come: a connection that is cut before the end means that they are not whole. */
export const whole = async (receive: () => Promise<void>): Promise<void> => {
  try {
    await receive();
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    const reason = messageOf(error);
    if (isCode(error, "ENOSPC", "EDQUOT", "EFBIG", "EROFS"))
      throw new CommandFailure(exitCodes.failed, "NotSaved", `What came cannot be saved: ${reason}.`, { cause: error });
    throw new CommandFailure(
      exitCodes.failed,
      "NotWhole",
      `What came is not whole: ${reason}. Try again; when it stays, \`lifeboat verify\` tells what is damaged.`,
      { cause: error },
    );
  }
};
