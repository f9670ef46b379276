import type { DatabaseConnection } from "../../domain/database.ts";

/** What a tool or a server said. None of them prints the password; a server in the middle might. */
export const withoutPassword = (said: string, { password }: DatabaseConnection): string => {
  const text = password?.reveal() ?? "";
  return text.length < 4 ? said : said.replaceAll(text, "[secret]");
};
