import { connectionWord } from "./connection-words.ts";

/** A connection string that cannot be used. The message names the key that is wrong, as it is written there, never a value. */
export class ConnectionStringInvalid extends Error {
  /** `key` is a key word, or `connectionString` for the whole. */
  constructor(key: string, reason: string) {
    // What is no key word may be the rest of a password with a `;` or a `&` in it.
    const shown = connectionWord(key) === undefined ? "connectionString" : key;
    super(`${shown}: ${reason}`);
    this.name = "ConnectionStringInvalid";
  }
}
