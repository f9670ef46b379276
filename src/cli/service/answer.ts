/** JSON of the service, read member by member: what a command needs and does not find is a clear failure. */
export interface Answer {
  readonly text: (name: string) => string;
  readonly textOr: <Else>(name: string, otherwise: Else) => string | Else;
  readonly number: (name: string) => number;
  readonly numberOr: <Else>(name: string, otherwise: Else) => number | Else;
  readonly flag: (name: string) => boolean;
  /** Neither null nor left out. */
  readonly has: (name: string) => boolean;
  /** Undefined where it is null or left out. */
  readonly optional: (name: string) => Answer | undefined;
  readonly object: (name: string) => Answer;
  readonly list: (name: string) => readonly Answer[];
  /** Everything in it, to be sent back as it came. */
  readonly members: () => Readonly<Record<string, unknown>>;
  /** Members that are texts, by name. */
  readonly entries: () => readonly (readonly [string, string])[];
  readonly texts: (name: string) => readonly string[];
}

class AnswerNotUnderstood extends Error {
  constructor(at: string) {
    super(
      `The service's answer has no ${at} of the kind this version of lifeboat expects. Use the same version of both.`,
    );
    this.name = "AnswerNotUnderstood";
  }
}

export const answerOf = (value: unknown, at = "the answer"): Answer => {
  if (typeof value !== "object" || value === null) throw new AnswerNotUnderstood(at);
  // The cast is safe: an object of JSON is a record.
  const record = value as Readonly<Record<string, unknown>>;
  const path = (name: string): string => `${at}.${name}`;
  const wanted = <Kind>(name: string, found: Kind | undefined): Kind => {
    if (found === undefined) throw new AnswerNotUnderstood(path(name));
    return found;
  };
  const textIn = (name: string): string | undefined => (typeof record[name] === "string" ? record[name] : undefined);
  const numberIn = (name: string): number | undefined => (typeof record[name] === "number" ? record[name] : undefined);
  const listIn = (name: string): readonly unknown[] => {
    const found: unknown = record[name];
    if (!Array.isArray(found)) throw new AnswerNotUnderstood(path(name));
    return found;
  };
  const optional = (name: string): Answer | undefined => {
    const found = record[name];
    return found === null || found === undefined ? undefined : answerOf(found, path(name));
  };
  return {
    text: (name) => wanted(name, textIn(name)),
    textOr: (name, otherwise) => textIn(name) ?? otherwise,
    number: (name) => wanted(name, numberIn(name)),
    numberOr: (name, otherwise) => numberIn(name) ?? otherwise,
    flag: (name) => record[name] === true,
    has: (name) => record[name] !== undefined && record[name] !== null,
    optional,
    object: (name) => wanted(name, optional(name)),
    list: (name) => listIn(name).map((item, index) => answerOf(item, `${path(name)}[${index}]`)),
    members: () => record,
    entries: () =>
      Object.entries(record).flatMap(([name, item]) => (typeof item === "string" ? [[name, item] as const] : [])),
    texts: (name) => listIn(name).filter((item) => typeof item === "string"),
  };
};
