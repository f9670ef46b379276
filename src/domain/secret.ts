/**
 * Text that must not be seen: a SAS, a password, a connection string. It prints as "[secret]" wherever it ends up (logs,
 * JSON, errors, the debugger); only `reveal` opens it, and only adapters call that.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    Object.freeze(this);
  }

  reveal(): string {
    return this.#text;
  }

  /** For noticing a change. Not for checking what a caller claims to know: it takes longer the more agrees. */
  equals(other: Secret): boolean {
    return this.#text === other.#text;
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return hidden;
  }
}

const hidden = "[secret]";

/** A sealed value that cannot be opened. The message names the key that is missing and the next move, never the value. */
export class SecretUnreadable extends Error {
  /** `KeyMissing`: sealed with a key that is not here. `Altered`: changed, or moved from another place. */
  readonly reason: "KeyMissing" | "Altered";

  constructor(reason: "KeyMissing" | "Altered", message: string) {
    super(message);
    this.name = "SecretUnreadable";
    this.reason = reason;
  }
}

/** A text that is no recovery key. The message says where it looks wrong and holds nothing of it. */
export class InvalidRecoveryKey extends Error {
  constructor(message: string) {
    super(message);
    this.name = "InvalidRecoveryKey";
  }
}
