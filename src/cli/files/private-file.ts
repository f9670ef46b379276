import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { errorCode } from "../../domain/error-code.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";

/** A new file that only its owner may read, open before there is anything to write into it. */
export const createPrivateFile = (
  file: string,
): { readonly write: (text: string) => void; readonly abandon: () => void } => {
  const handle = openPrivate(file);
  let isWritten = false;
  return {
    write: (text) => {
      writeSync(handle, text);
      fsyncSync(handle);
      closeSync(handle);
      isWritten = true;
    },
    abandon: () => {
      if (isWritten) return;
      closeSync(handle);
      rmSync(file, { force: true });
    },
  };
};

/** Throws what to do, with the name that people know it by. */
export const openPrivate = (file: string, name = file): number => {
  try {
    return openSync(file, "wx", 0o600);
  } catch (error) {
    const code = errorCode(error) ?? String(error);
    const reason = code === "EEXIST" ? "it exists" : code;
    throw new CommandFailure(
      exitCodes.refused,
      "FileExists",
      `${name} cannot be made: ${reason}. Name another file by --output.`,
      { cause: error },
    );
  }
};
