import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { errorCode } from "../../domain/error-code.ts";
import { answerOf, type Answer } from "./answer.ts";
import { CommandFailure } from "../command-failure.ts";
import type { Environment } from "./connection.ts";
import { exitCodes } from "../exit-code.ts";

/** One of several installations, by a name. No secret stands in the file: keys have files of their own. */
export interface Profile {
  readonly name: string;
  readonly url: string;
  readonly keyFile?: string;
  readonly caFile?: string;
  readonly audience?: string;
}

export const profilesFile = (environment: Environment): string =>
  join(environment["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "lifeboat", "profiles.json");

/** The profile of that name, or with "" the one that the file calls its default. */
export const readProfile = (environment: Environment, name: string): Profile | undefined => {
  const file = profilesFile(environment);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw invalid(file, error);
  }
  try {
    const whole = answerOf(JSON.parse(text), "the file");
    const wanted = name === "" ? whole.textOr("default", "") : name;
    const found = whole.object("profiles").optional(wanted);
    return found && profileOf(wanted, found, dirname(file));
  } catch (error) {
    throw invalid(file, error);
  }
};

const profileOf = (name: string, found: Answer, folder: string): Profile => {
  const path = (field: "keyFile" | "caFile") => {
    const text = found.textOr(field, undefined);
    return text === undefined ? {} : { [field]: resolve(folder, text) };
  };
  const audience = found.textOr("audience", undefined);
  return {
    name,
    url: found.text("url"),
    ...path("keyFile"),
    ...path("caFile"),
    ...(audience === undefined ? {} : { audience }),
  };
};

const invalid = (file: string, error: unknown): CommandFailure =>
  new CommandFailure(
    exitCodes.usage,
    "ProfilesInvalid",
    `${file} is not {"default":"home","profiles":{"home":{"url":"https://...","keyFile":"home.key","caFile":"home.pem"}}}.`,
    { cause: error },
  );
