import { jsonOf } from "../../domain/json-of.ts";
import { Secret } from "../../domain/secret.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import type { Environment } from "./connection.ts";
import { readText } from "../files/read-text.ts";

/** A key's file: one line with the secret, or the JSON that `npm start` and `lifeboat keys add` write. */
export const keyInFile = (file: string): Secret => {
  const text = readText(file, "the key").trim();
  const secret = text.startsWith("{") ? secretInJson(text) : text;
  if (secret === undefined || !/^\S{16,}$/.test(secret))
    throw new CommandFailure(
      exitCodes.usage,
      "KeyFileInvalid",
      `${file} holds no key: one line with the secret, or {"id":...,"secret":...}.`,
    );
  return new Secret(secret);
};

/** The key itself, where the environment holds it. */
export const keyInEnvironment = (environment: Environment): Secret | undefined => {
  const given = environment["LIFEBOAT_KEY"]?.trim();
  return given === undefined || given === "" ? undefined : new Secret(given);
};

const secretInJson = (text: string): string | undefined => {
  const value = jsonOf(text);
  if (typeof value !== "object" || value === null || !("secret" in value)) return undefined;
  return typeof value.secret === "string" ? value.secret : undefined;
};
