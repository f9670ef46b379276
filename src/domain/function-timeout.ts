/** What `host.json` says when it says nothing. */
const usualMs = 30 * 60_000;

/**
 * How long the host lets a step run, by the text of its `host.json` and what the environment says instead; undefined: as
 * long as it likes. What cannot be read is told by the host itself.
 */
export const functionTimeoutMs = (hostJson: string, override: string | undefined): number | undefined => {
  // Safe: nothing but a member of it is looked at, and that is checked.
  const inFile = (JSON.parse(hostJson) as { readonly functionTimeout?: unknown }).functionTimeout;
  const given = override ?? (typeof inFile === "string" ? inFile : undefined);
  if (given === "-1") return undefined;
  const found = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})$/.exec(given ?? "");
  if (found === null) return usualMs;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((text) => Number(text ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
};
