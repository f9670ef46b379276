import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { messageOf } from "../../domain/errors.ts";
import type { ServerCertificate } from "./own-authority.ts";

/** The owner's files do not serve; the message names the file and what is expected. */
export class CertificateUnusable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "CertificateUnusable";
  }
}

/** The owner's own certificate (with the chain behind it) and key, both PEM. Throws CertificateUnusable. */
export const givenCertificate = (
  files: { readonly certFile: string; readonly keyFile: string },
  now: Date,
): ServerCertificate => {
  const cert = read(files.certFile);
  const key = read(files.keyFile);
  const certificate = parsed(files.certFile, () => new X509Certificate(cert));
  const privateKey = parsed(files.keyFile, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey))
    throw new CertificateUnusable(`${files.keyFile} is not the key of the certificate in ${files.certFile}.`);
  if (Date.parse(certificate.validTo) <= now.getTime())
    throw new CertificateUnusable(
      `The certificate in ${files.certFile} expired at ${certificate.validTo}. Put a newer one there.`,
    );
  return { key, cert };
};

const read = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CertificateUnusable(`${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
};

const parsed = <Value>(file: string, parse: () => Value): Value => {
  try {
    return parse();
  } catch (error) {
    throw new CertificateUnusable(
      `${file} is not what is expected, a PEM file without passphrase: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
};
