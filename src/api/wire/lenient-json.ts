import { refuse } from "../../domain/errors.ts";
import { Secret } from "../../domain/secret.ts";
import { NotJson, parseTolerantJson } from "./tolerant-json.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** A request body's object. Old clients send no body at all where they could send {}. */
export const parseBody = (text: string): JsonObject => {
  if (text.trim() === "") return {};
  const value = parsed(text);
  if (!isObject(value)) throw refuse("InvalidBody", { reason: "a JSON object is expected." });
  return value;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // What V8 says quotes the text, and that may hold a SAS; and it does not always tell the place.
  }
  try {
    return parseTolerantJson(text);
  } catch (error) {
    if (error instanceof NotJson) throw refuse("InvalidBody", { reason: `it is not JSON. ${error.message}.` });
    throw error;
  }
};

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** ARM does not mind the case of names; the exact one counts where there are several. */
const member = (object: JsonObject, name: string): unknown => {
  if (Object.hasOwn(object, name)) return object[name];
  const lower = name.toLowerCase();
  const alike = Object.keys(object).find((key) => key.toLowerCase() === lower);
  return alike === undefined ? undefined : object[alike];
};

/** Members of one object read with ARM's tolerance: null is absent, "True" is true, "7" is 7, blanks around do not count. */
export const fields = (object: JsonObject, at: string) => {
  const wrong = (name: string, expected: string) =>
    refuse("InvalidField", { field: `${at}.${name}`, reason: `expected ${expected}.` });
  const present = (name: string): unknown => member(object, name) ?? undefined;

  const text = (name: string): string | undefined => {
    const value = present(name);
    if (value !== undefined && typeof value !== "string") throw wrong(name, "a text");
    return value?.trim();
  };
  return {
    text,
    secret(name: string): Secret | undefined {
      const value = text(name);
      return value === undefined || value === "" ? undefined : new Secret(value);
    },
    flag(name: string): boolean | undefined {
      const value = present(name);
      if (value === undefined || typeof value === "boolean") return value;
      const word = typeof value === "string" ? value.trim().toLowerCase() : "";
      if (word === "true" || word === "false") return word === "true";
      throw wrong(name, "true or false");
    },
    integer(name: string): number | undefined {
      const value = present(name);
      if (value === undefined) return undefined;
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      if (typeof number !== "number" || !Number.isSafeInteger(number)) throw wrong(name, "a whole number");
      return number;
    },
    date(name: string): Date | undefined {
      const value = text(name);
      if (value === undefined || value === "") return undefined;
      // Without a zone ARM means UTC; JavaScript would read local time.
      const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`;
      const date = new Date(zoned);
      if (Number.isNaN(date.getTime())) throw wrong(name, "a date and time such as 2026-01-31T02:00:00Z");
      return date;
    },
    object(name: string): JsonObject | undefined {
      const value = present(name);
      if (value !== undefined && !isObject(value)) throw wrong(name, "an object");
      return value;
    },
    list(name: string): readonly unknown[] | undefined {
      const value = present(name);
      if (value !== undefined && !Array.isArray(value)) throw wrong(name, "a list");
      return value;
    },
    texts(name: string): readonly string[] | undefined {
      const value = present(name);
      if (value === undefined) return undefined;
      if (!Array.isArray(value)) throw wrong(name, "a list of texts");
      return value.map((text: unknown) => {
        if (typeof text !== "string" || text.trim() === "") throw wrong(name, "a list of texts");
        return text;
      });
    },
  };
};

/** The `properties` of an ARM body. */
export const properties = (body: JsonObject) => fields(fields(body, "body").object("properties") ?? {}, "properties");
