import { nearestWord } from "../domain/nearest-word.ts";
import { settingNames } from "./settings.ts";

/** Every setting is a flag of `npm start` too: LIFEBOAT_TLS_PORT is --tls-port. */
export const flagOf = (setting: string): string => `--${setting.slice(9).toLowerCase().replaceAll("_", "-")}`;

const settingOf = (flag: string): string => `LIFEBOAT_${flag.slice(2).toUpperCase().replaceAll("-", "_")}`;

// A secret on the command line shows in every list of processes; of the key of https only the file is named.
const isSecret = (setting: string): boolean =>
  /KEY|SECRET|SMTP|ALARM_WEBHOOK$|HEARTBEAT/.test(setting) && setting !== "LIFEBOAT_TLS_KEY";

const flags = settingNames.filter((name) => !isSecret(name)).map(flagOf);

interface GivenFlags {
  /** By setting. */
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

/** What the arguments `--name value` and `--name=value` set, and everything that is wrong with them. */
export const readFlags = (given: readonly string[]): GivenFlags => {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  const rest = [...given];
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    const [flag = "", ...told] = part.split("=");
    if (!flags.includes(flag)) {
      problems.push(unknownProblem(flag));
      if (flag.startsWith("--") && told.length === 0 && rest[0]?.startsWith("-") === false) rest.shift();
      continue;
    }
    const value = told.length > 0 ? told.join("=") : rest[0]?.startsWith("--") === true ? undefined : rest.shift();
    if (value === undefined) problems.push(`${flag}: a value has to follow it.`);
    else values[settingOf(flag)] = value;
  }
  return { values, problems };
};

/** A flag's value may be a secret, and is not repeated. */
const unknownProblem = (flag: string): string => {
  if (!flag.startsWith("-"))
    return `"${flag}" belongs to no flag. Flags stand behind a double hyphen: npm start -- --port 7071`;
  if (settingNames.includes(settingOf(flag)))
    return `${flag}: no flag, since a command line shows in every list of processes. Set ${settingOf(flag)} in the environment.`;
  const near = nearestWord(flag, flags);
  return `${flag}: no such flag. ${near === undefined ? "docs/settings.md lists them." : `Did you mean ${near}?`}`;
};

/** What `npm start -- --help` says. */
export const flagsHelp = [
  "npm start -- [FLAG VALUE]...   starts Lifeboat on this machine",
  "",
  `Flags: ${flags.join(", ")}`,
  "",
  "Each is also a setting of the environment: --tls-port is LIFEBOAT_TLS_PORT. docs/settings.md tells what they mean.",
].join("\n");
