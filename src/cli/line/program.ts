import { nearestWord } from "../../domain/nearest-word.ts";
import { Command, Option } from "commander";
import type { ConnectionFlags } from "../service/connection.ts";
import type { CommandDefinition, Given, OptionDefinition } from "../command.ts";
import { exitTable } from "./exit-table.ts";

/** Options of every command; each may stand before or behind the command's name. */
export interface CommonFlags extends ConnectionFlags {
  readonly json: boolean;
  readonly quiet: boolean;
}

export const commonOptions = [
  { flags: "--json", about: "results as JSON, in a shape that stays" },
  { flags: "--quiet", about: "no progress" },
  {
    flags: "--data <folder>",
    about: "the data folder of the service on this machine (LIFEBOAT_DATA; else ~/.lifeboat)",
    completes: "folder",
  },
  { flags: "--url <url>", about: "a service elsewhere (LIFEBOAT_URL)" },
  {
    flags: "--key-file <file>",
    about: "the file of the key to use (LIFEBOAT_KEY_FILE; the key itself: LIFEBOAT_KEY)",
    completes: "file",
  },
  { flags: "--ca-file <file>", about: "the authority to know the service by (LIFEBOAT_CA_FILE)", completes: "file" },
  { flags: "--audience <audience>", about: "log in by Entra, for this application id URI (LIFEBOAT_AUDIENCE)" },
  { flags: "--profile <name>", about: "one of the installations in profiles.json (LIFEBOAT_PROFILE)" },
] as const;

/** Beside the longest command a terminal of 80 columns has 38 left, beside the longest option one of 60 has 22. */
const helpForm = { showGlobalOptions: true, minWidthToWrap: 20 };

const sentence = (about: string): string => `${about[0]?.toUpperCase() ?? ""}${about.slice(1)}.`;

/** How commander tells what it does not understand. */
export type OutputError = (text: string, write: (text: string) => void) => void;

export type Start = (definition: CommandDefinition, given: Given, flags: CommonFlags) => Promise<void>;

/** The commands as commander knows them. `start` gets what was typed. */
export const buildProgram = (
  definitions: readonly CommandDefinition[],
  version: string,
  { start, outputError }: { readonly start: Start; readonly outputError: OutputError },
): Command => {
  const program = new Command("lifeboat")
    .description("Back up web apps, restore them, and prove that it works.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp(helpForm)
    .addHelpText("after", `\n${exitTable()}`)
    .configureOutput({ outputError });
  for (const { flags, about } of commonOptions) program.addOption(new Option(flags, about));
  program.exitOverride();
  const groups = new Map<string, Command>();
  const parentOf = (name: string): Command => {
    const [group, rest] = name.split(" ");
    if (group === undefined || rest === undefined) return program;
    const known =
      groups.get(group) ??
      program
        .command(group)
        .description(sentence(groupAbout[group] ?? ""))
        .summary(groupAbout[group] ?? "")
        .helpOption("-h, --help", "print help")
        .helpCommand("help [command]", "print help");
    groups.set(group, known);
    return known;
  };
  for (const definition of definitions) addCommand(parentOf(definition.name), definition, start);
  addHelp(program);
  return program;
};

/** Commander's own prints the general help for a command that is none, and says nothing of it. */
const addHelp = (program: Command): void => {
  const help = program.command("help").description("print help").argument("[command...]");
  help.action((words: readonly string[]) => {
    let asked = program;
    for (const word of words) {
      const found = asked.commands.find((one) => one.name() === word);
      if (found === undefined) program.error(unknown(word, asked), { code: "commander.unknownCommand" });
      asked = found;
    }
    asked.help();
  });
};

const unknown = (word: string, { commands }: Command): string => {
  const near = nearestWord(
    word,
    commands.map((one) => one.name()),
  );
  return `error: unknown command '${word}'${near === undefined ? "" : `\n(Did you mean ${near}?)`}`;
};

/** What stands behind the name of a command that has commands of its own. */
const groupAbout: Readonly<Record<string, string>> = {
  site: "describe sites to the service, and forget them",
  keys: "make, list and revoke keys",
};

const addCommand = (parent: Command, definition: CommandDefinition, start: Start): void => {
  const { name, about, arguments: wanted = [], options = [], examples } = definition;
  const command = parent
    .command(name.split(" ").at(-1) ?? name, { hidden: definition.isHidden === true })
    .description(sentence(about))
    .summary(about)
    .helpOption("-h, --help", "print help")
    .configureHelp(helpForm)
    .addHelpText("after", examplesText(examples))
    .exitOverride();
  for (const { name: argument, about: text } of wanted) command.argument(bracketed(argument), text);
  for (const option of options) command.addOption(optionOf(option));
  command.action(async () => {
    const values = new Map<string, unknown>(
      wanted.map(({ name: argument }, index) => [plain(argument), command.processedArgs[index]]),
    );
    for (const [option, value] of Object.entries(command.opts())) values.set(option, value);
    // The cast is safe: commander gives each option of the list above a text, or true for one without a value.
    const flags = command.optsWithGlobals() as Partial<CommonFlags>;
    await start(definition, givenOf(values), { ...flags, json: flags.json === true, quiet: flags.quiet === true });
  });
};

/** One value each time: a list behind one flag would swallow the arguments behind it. */
const optionOf = ({ flags, about, isRepeatable = false, isHidden = false }: OptionDefinition): Option => {
  const option = new Option(flags, about).hideHelp(isHidden);
  return isRepeatable
    ? option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value])
    : option;
};

const plain = (argument: string): string => argument.replace(/[[\].]/g, "");
const bracketed = (argument: string): string => (argument.startsWith("[") ? argument : `<${argument}>`);

const givenOf = (values: ReadonlyMap<string, unknown>): Given => {
  const text = (name: string): string | undefined => {
    const value = values.get(name);
    return typeof value === "string" ? value : undefined;
  };
  return {
    text,
    need: (name) => {
      const value = text(name);
      if (value === undefined) throw new Error(`The argument ${name} is not defined.`);
      return value;
    },
    texts: (name) => {
      const value: unknown = values.get(name);
      return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
    },
    flag: (name) => values.get(name) === true,
  };
};

const examplesText = (examples: CommandDefinition["examples"]): string =>
  `\nExamples:\n${examples.map(([typed, does]) => `  $ ${typed}\n      ${does}`).join("\n")}`;
