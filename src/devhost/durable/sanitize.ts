const replacement = "[Hidden Credential]";

const tokens = [
  "Token=",
  "DefaultEndpointsProtocol=http",
  "AccountKey=",
  "Data Source=",
  "Server=",
  "Password=",
  "pwd=",
  "&amp;sig=",
  "&sig=",
  "?sig=",
  "SharedAccessKey=",
  "&amp;code=",
  "&code=",
  "?code=",
  "key=",
].map((token) => token.toLowerCase());

const credential = new RegExp(
  `(?:${tokens.map((token) => token.replaceAll("?", String.raw`\?`)).join("|")})[^<"']*`,
  "gi",
);

/** Takes out of an error's text whatever looks like a credential, up to the next quote or `<`, as the real host does. */
export const sanitize = (text: string): string => text.replaceAll(credential, replacement);
