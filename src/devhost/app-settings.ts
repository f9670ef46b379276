import { readFileSync } from "node:fs";
import { HostFailure } from "./host-failure.ts";

export type Environment = Record<string, string | undefined>;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads a JSON file as the host does: comments and a byte order mark are allowed. Undefined if it does not exist. */
export const readJsonFile = (file: string): Record<string, unknown> | undefined => {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new HostFailure(`${file} cannot be read: ${String(error)}. Check who may read it.`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(withoutComments(text.replace(/^\uFEFF/, "")));
  } catch (error) {
    throw new HostFailure(`${file} is not valid JSON: ${String(error)}. Correct the file.`, { cause: error });
  }
  if (!isRecord(value)) throw new HostFailure(`${file} does not hold a JSON object. Correct the file.`);
  return value;
};

const withoutComments = (text: string): string =>
  text.replaceAll(
    /("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_match, quoted: string | undefined) => quoted ?? "",
  );

/** Copies `Values` of local.settings.json into the environment; what the environment already has, wins. */
export const applyLocalSettings = (file: string, environment: Environment): void => {
  const settings = readJsonFile(file);
  if (!settings) return;
  if (settings["IsEncrypted"] === true)
    throw new HostFailure(`${file} is encrypted. Decrypt it with "func settings decrypt".`);
  const values = settings["Values"] ?? {};
  if (!isRecord(values)) throw new HostFailure(`"Values" in ${file} is not an object. Correct the file.`);
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
      throw new HostFailure(`"Values.${name}" in ${file} is not a text. Put it in quotes.`);
    environment[name] ??= String(value);
  }
};

/** Replaces every `%NAME%` by that setting. */
export const resolveSettings = (text: string, environment: Environment, where: string): string =>
  text.replaceAll(/%([^%\s]+)%/g, (_match, name: string) => {
    const value = environment[name];
    if (value === undefined || value === "")
      throw new HostFailure(
        `${where} asks for the setting ${name}, which is not set. Set it in the environment or in local.settings.json.`,
      );
    return value;
  });

/** The durable client calls its server on loopback, which a proxy of the machine must not get to see. */
export const exemptLoopbackFromProxy = (environment: Environment): void => {
  const hasProxy = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].some((name) => environment[name]);
  if (!hasProxy) return;
  const exempt = environment["no_proxy"] ?? environment["NO_PROXY"];
  environment["no_proxy"] = [exempt, "127.0.0.1", "localhost"].filter(Boolean).join(",");
};
