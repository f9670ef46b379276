import type { Completes, CommandDefinition } from "../command.ts";

/** What may stand at the end of a line that is being typed. */
export type Wanted =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "site" }
  | { readonly kind: "backup"; readonly site: string }
  | { readonly kind: "file" | "folder" };

interface Options {
  /** By `--name`: whether a value follows, and of which kind. */
  readonly [flag: string]: {
    readonly hasValue: boolean;
    readonly isHidden: boolean;
    readonly completes: Completes | undefined;
  };
}

interface Defined {
  readonly flags: string;
  readonly isHidden?: boolean;
  readonly completes?: Completes;
}

/** `words` are those behind `lifeboat`; the last one is unfinished and may be empty. */
export const completed = (
  words: readonly string[],
  { definitions, common }: { readonly definitions: readonly CommandDefinition[]; readonly common: readonly Defined[] },
): Wanted => {
  const visible = definitions.filter(({ isHidden }) => isHidden !== true);
  const every = optionsOf([...common, ...visible.flatMap(({ options = [] }) => options)]);
  const plain = withoutOptions(words.slice(0, -1), every);
  const definition = visible.find(({ name }) => plain.slice(0, name.split(" ").length).join(" ") === name);
  const known = definition === undefined ? optionsOf(common) : optionsOf([...(definition.options ?? []), ...common]);
  const pending = known[words.at(-2) ?? ""];
  const args = plain.slice(definition?.name.split(" ").length ?? 0);
  if (pending?.hasValue === true) return ofKind(pending.completes, args);
  if (words.at(-1)?.startsWith("-") === true) return { kind: "words", words: [...namesOf(known), "--help"] };
  if (definition === undefined) return { kind: "words", words: nextWords(visible, plain) };
  const wanted = definition.arguments ?? [];
  return ofKind((wanted[args.length] ?? wanted.find(({ name }) => name.includes("...")))?.completes, args);
};

const optionsOf = (defined: readonly Defined[]): Options =>
  Object.fromEntries(
    defined.map(({ flags, isHidden = false, completes }) => [
      flags.split(" ")[0] ?? flags,
      { hasValue: flags.includes("<"), isHidden, completes },
    ]),
  );

const namesOf = (options: Options): readonly string[] =>
  Object.entries(options).flatMap(([name, { isHidden }]) => (isHidden ? [] : [name]));

/** Options and their values may stand anywhere. */
const withoutOptions = (words: readonly string[], options: Options): readonly string[] =>
  words.filter((word, index) => !word.startsWith("-") && options[words[index - 1] ?? ""]?.hasValue !== true);

const nextWords = (definitions: readonly CommandDefinition[], plain: readonly string[]): readonly string[] => [
  ...new Set(
    definitions
      .map(({ name }) => name.split(" "))
      .filter((name) => plain.every((word, index) => name[index] === word))
      .flatMap((name) => name[plain.length] ?? []),
  ),
];

const ofKind = (completes: Completes | undefined, [site = ""]: readonly string[]): Wanted => {
  if (completes === undefined) return { kind: "words", words: [] };
  return completes === "backup" ? { kind: "backup", site } : { kind: completes };
};
