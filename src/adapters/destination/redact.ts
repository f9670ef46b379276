import type { Secret } from "../../domain/secret.ts";

/** Text without a URL's query and without the SAS in any spelling; errors of SDKs quote requests. */
export const redacted = (text: string, sas: Secret | undefined): string => {
  const signature = sas && new URLSearchParams(sas.reveal()).get("sig");
  const spellings = signature ? [signature, encodeURIComponent(signature)] : [];
  return spellings
    .reduce((rest, spelling) => rest.replaceAll(spelling, "[secret]"), text)
    .replace(/(https?:\/\/[^\s?"'<>]+)\?[^\s"'<>]*/g, "$1?[secret]")
    .replace(/\b(sig)=[^&\s"'<>]+/gi, "$1=[secret]")
    .replace(/\b(Bearer|SharedKey)\s+\S+/g, "$1 [secret]");
};

/** A cause that can be logged: name, message and stack of an error, and nothing of the request it carries. */
export const redactedCause = (error: unknown, sas: Secret | undefined): Error => {
  const from = error instanceof Error ? error : new Error(String(error));
  const cause = new Error(redacted(from.message, sas));
  cause.name = from.name;
  cause.stack = redacted(from.stack ?? from.message, sas);
  return cause;
};
