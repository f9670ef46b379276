import { readFileSync } from "node:fs";
import { errorCode } from "../../domain/error-code.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";

/** A file that a person or the service named; what cannot be read ends the command. */
export const readText = (file: string, what: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = errorCode(error) ?? String(error);
    const reason = code === "ENOENT" ? "it is not there" : code === "EACCES" ? "this user may not read it" : code;
    const exit = code === "EACCES" ? exitCodes.notAllowed : exitCodes.usage;
    throw new CommandFailure(exit, "FileUnreadable", `${file} (${what}) cannot be read: ${reason}.`, { cause: error });
  }
};
