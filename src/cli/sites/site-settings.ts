import { parseEnv } from "node:util";
import { jsonOf } from "../../domain/json-of.ts";
import { Secret } from "../../domain/secret.ts";
import type { CommandContext, Given } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { readText } from "../files/read-text.ts";
import { wordPressConnection } from "./wordpress.ts";

export interface GivenString {
  readonly value: Secret;
  readonly type: string;
}

/** App Service's words for what a person may say. */
const types: Readonly<Record<string, string>> = {
  mysql: "MySql",
  mariadb: "MySql",
  postgresql: "PostgreSQL",
  postgres: "PostgreSQL",
  sqlserver: "SQLServer",
  custom: "Custom",
};

/** The connection strings of a new site by their names; none of them was an argument. */
export const givenConnectionStrings = async (
  context: CommandContext,
  given: Given,
  folder: string,
): Promise<ReadonlyMap<string, GivenString>> => {
  const strings = new Map<string, GivenString>();
  const add = (name: string, found: GivenString): void => {
    if (strings.has(name)) throw usage("ConnectionStringTwice", `The connection string ${name} is given twice.`);
    strings.set(name, found);
  };
  if (given.flag("wordpress")) {
    if (context.connection().dataFolder === undefined)
      throw usage(
        "WordPressUnclear",
        "--wordpress reads wp-config.php, which is on the service's machine: run it there.",
      );
    add("wordpress", { value: wordPressConnection(folder), type: "MySql" });
  }
  for (const text of given.texts("connectionString")) {
    const [, name = "", type = "custom", source = ""] = /^([^=:]+)(?::([a-z]+))?=(.+)$/is.exec(text) ?? [];
    const known = types[type.toLowerCase()];
    if (name === "" || known === undefined || /[;\s]|:\/\//.test(source))
      throw usage(
        "ConnectionStringInvalid",
        "--connection-string takes NAME=FILE, NAME=env:VARIABLE or NAME=- (typed unseen), with the kind behind the name where the string does not tell it (NAME:mysql=FILE): never the string itself, for arguments show in every list of processes.",
      );
    add(name, { value: await sourced(context, name, source), type: known });
  }
  return strings;
};

const usage = (code: string, message: string): CommandFailure => new CommandFailure(exitCodes.usage, code, message);

const sourced = async ({ terminal, variable }: CommandContext, name: string, source: string): Promise<Secret> => {
  const wanted = /^env:(.+)$/.exec(source)?.[1];
  const text =
    source === "-"
      ? terminal.canAsk
        ? await terminal.askHidden(`Connection string ${name} (not shown): `)
        : undefined
      : wanted === undefined
        ? readText(source, `the connection string ${name}`)
        : variable(wanted);
  if (text === undefined || text.trim() === "")
    throw usage("ConnectionStringMissing", `The connection string ${name} is empty, or could not be asked for.`);
  return new Secret(text.trim());
};

/** Lines of NAME=VALUE, a JSON object, or what `az webapp config appsettings list` prints. */
export const givenAppSettings = (given: Given): Readonly<Record<string, Secret>> | undefined => {
  const file = given.text("appSettingsFile");
  if (file === undefined) return undefined;
  const entries = settingsIn(readText(file, "the app settings"));
  if (entries === undefined)
    throw usage("AppSettingsInvalid", `${file} holds neither lines of NAME=VALUE nor a JSON object of texts.`);
  return Object.fromEntries(entries.map(([name, value]) => [name, new Secret(value)]));
};

const settingsIn = (text: string): readonly (readonly [string, string])[] | undefined => {
  if (!/^\s*[[{]/.test(text)) {
    const entries = Object.entries(parseEnv(text)).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    return entries.length === 0 ? undefined : entries;
  }
  const json = parsed(text);
  const pairs: readonly (readonly [unknown, unknown])[] = Array.isArray(json)
    ? json.map((one: unknown) => [memberOf(one, "name"), memberOf(one, "value")])
    : Object.entries(json ?? {});
  const entries = pairs.flatMap(([name, value]) =>
    typeof name === "string" && ["string", "number", "boolean"].includes(typeof value)
      ? [[name, String(value)] as const]
      : [],
  );
  return json === undefined || entries.length < pairs.length ? undefined : entries;
};

/** Undefined: it is not JSON. Why is not told, for that would quote the text. */
const parsed = (text: string): object | undefined => {
  const json = jsonOf(text);
  return typeof json === "object" && json !== null ? json : undefined;
};

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
