import { exitCodes } from "../exit-code.ts";

/** What each number means, for the help and docs/cli.md. */
export const exitMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: "done",
  failed: "failed: it was begun, and did not succeed; or a verify found damage",
  usage: "not understood: a word is wrong or missing, or nobody could be asked; nothing was done",
  partly: "done in part: what could not be read is named",
  refused: "refused: the service would not; nothing was changed",
  notFound: "not found: there is no such site, backup or path",
  notAllowed: "not allowed: the key is wrong, or may not do this",
  unreachable: "unreachable: no service answers, or its certificate is not trusted",
  leftRunning: "left running: you stopped watching, and it goes on",
};

export const exitTable = (): string => {
  const names: readonly (keyof typeof exitCodes)[] = [
    "done",
    "failed",
    "usage",
    "partly",
    "refused",
    "notFound",
    "notAllowed",
    "unreachable",
    "leftRunning",
  ];
  return `Exit codes:\n${names.map((name) => `  ${exitCodes[name]}  ${exitMeanings[name]}`).join("\n")}`;
};
