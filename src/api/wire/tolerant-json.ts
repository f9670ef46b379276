/** Where a text stops being JSON, and what was expected there. Nothing of the text: it may hold a SAS. */
export class NotJson extends Error {
  readonly line: number;
  readonly column: number;

  constructor(what: string, line: number, column: number) {
    super(`${what} at line ${line}, column ${column}`);
    this.name = "NotJson";
    this.line = line;
    this.column = column;
  }
}

const mostDepth = 100;

/**
 * JSON as people write it into files that clients send: with comments and commas behind the last item, as Azure takes
 * it. Throws NotJson, always with the place.
 */
export const parseTolerantJson = (text: string): unknown => {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
};

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): unknown {
    if (depth > mostDepth) throw this.#wrong("It is nested too deeply");
    switch (this.#peek()) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      default:
        return this.#word();
    }
  }

  end(): void {
    if (this.#peek() !== "") throw this.#wrong("The end was expected");
  }

  #object(depth: number): unknown {
    const members: [string, unknown][] = [];
    this.#items("}", () => {
      if (this.#peek() !== '"') throw this.#wrong("A name in double quotes was expected");
      const name = this.#string();
      if (this.#peek() !== ":") throw this.#wrong("A colon was expected");
      this.#at++;
      members.push([name, this.value(depth + 1)]);
    });
    return Object.fromEntries(members);
  }

  #array(depth: number): unknown {
    const items: unknown[] = [];
    this.#items("]", () => void items.push(this.value(depth + 1)));
    return items;
  }

  /** Items with commas between them, and perhaps behind the last. */
  #items(close: string, item: () => void): void {
    this.#at++;
    while (this.#peek() !== close) {
      item();
      if (this.#peek() === ",") this.#at++;
      else if (this.#peek() !== close) throw this.#wrong(`A comma or ${close} was expected`);
    }
    this.#at++;
  }

  #string(): string {
    // oxlint-disable-next-line no-control-regex -- JSON forbids exactly these in a text
    const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    string.lastIndex = this.#at;
    const found = string.exec(this.#text)?.[0];
    if (found === undefined)
      throw this.#wrong("This text in double quotes does not end, or has an escape that is none,");
    this.#at += found.length;
    // Safe: the expression is that of a JSON string.
    return JSON.parse(found) as string;
  }

  #word(): unknown {
    const word = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y;
    word.lastIndex = this.#at;
    const found = word.exec(this.#text)?.[0];
    if (found === undefined) throw this.#wrong("A value was expected");
    this.#at += found.length;
    return JSON.parse(found);
  }

  /** The next character that counts; "" at the end. */
  #peek(): string {
    const blank = /(?:[\s\uFEFF]|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
    blank.lastIndex = this.#at;
    this.#at += blank.exec(this.#text)?.[0].length ?? 0;
    return this.#text[this.#at] ?? "";
  }

  #wrong(what: string): NotJson {
    const before = this.#text.slice(0, this.#at).split("\n");
    return new NotJson(what, before.length, (before.at(-1)?.length ?? 0) + 1);
  }
}
