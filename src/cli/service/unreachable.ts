import { CommandFailure } from "../command-failure.ts";
import type { Connection } from "./connection.ts";
import { exitCodes } from "../exit-code.ts";

/** Errors of the line and of certificates, as Node names them. */
export const isUnreachable = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error &&
  !(error instanceof CommandFailure) &&
  ("code" in error || error.message.startsWith("no answer for"));

const certificateProblems: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "its authority is not one this machine trusts",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its authority is not one this machine trusts",
  UNABLE_TO_GET_ISSUER_CERT: "its authority is not one this machine trusts",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its authority is not one this machine trusts",
  CERT_SIGNATURE_FAILURE: "it is not signed by the authority it names",
  CERT_HAS_EXPIRED: "it has expired, or this machine's clock is wrong",
  CERT_NOT_YET_VALID: "it is not valid yet, or this machine's clock is wrong",
  ERR_TLS_CERT_ALTNAME_INVALID: "it is for another name",
};

const lineProblems: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was cut",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the host's name cannot be looked up now",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ETIMEDOUT: "it takes too long",
};

/** What a person is told, with the next move. */
export const unreachable = (error: NodeJS.ErrnoException, connection: Connection): CommandFailure => {
  const code = error.code ?? "";
  const cause = { cause: error };
  const where = connection.url().origin;
  const certificate = certificateProblems[code];
  if (certificate !== undefined)
    return new CommandFailure(
      exitCodes.unreachable,
      "CertificateNotTrusted",
      `The certificate of ${where} is not trusted: ${certificate}. ${connection.trustAdvice}`,
      cause,
    );
  const reason = lineProblems[code] ?? error.message;
  return new CommandFailure(
    exitCodes.unreachable,
    "Unreachable",
    `Lifeboat does not answer at ${where}: ${reason}. ${connection.lineAdvice}`,
    cause,
  );
};
