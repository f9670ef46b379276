/** An identifier, whatever it holds and whatever the server's SQL mode. */
export const name = (text: string): string => `\`${text.replaceAll("`", "``")}\``;

export const qualified = (database: string, object: string): string => `${name(database)}.${name(object)}`;

/** A text as SQL, whatever it holds and whatever the server's SQL mode and character set. */
export const literal = (text: string): string =>
  text === "" ? "''" : `_utf8mb4 X'${Buffer.from(text, "utf8").toString("hex")}'`;
