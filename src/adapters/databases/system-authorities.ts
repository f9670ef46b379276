import { existsSync } from "node:fs";

const bundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** The system's own authorities as one PEM file, for tools that do not look there by themselves. */
export const systemAuthorities = (): string | undefined => bundles.find((file) => existsSync(file));
