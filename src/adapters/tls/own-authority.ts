import { createPrivateKey, generateKeyPairSync, X509Certificate, type KeyObject } from "node:crypto";
import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { errorCode } from "../../domain/error-code.ts";
import { issueCertificate } from "./issue-certificate.ts";

/** What a TLS server needs, as PEM. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

interface OwnCertificate extends ServerCertificate {
  /** What clients have to trust. */
  readonly authorityFile: string;
  /** Until when it may be served; `renewAt` comes well before. */
  readonly until: Date;
  readonly renewAt: Date;
  /** The authority is new: clients that trusted an earlier one have to be told. */
  readonly isNewAuthority: boolean;
}

interface OwnCertificateOptions {
  /** `tls` in the data folder. */
  readonly folder: string;
  readonly now: Date;
  /** The machine's name; it goes in beside localhost and the loopback addresses where it is a name of the DNS. */
  readonly machine: string;
}

const dayMs = 86_400_000;
const authorityDays = 3650;
const serverDays = 365;
/** Clocks of clients may be behind ours. */
const backdatedMs = dayMs;
/** A certificate that lives less long than this is made anew. */
const serverReserveMs = 60 * dayMs;
/** No server's certificate may outlive its authority. */
const authorityReserveMs = (serverDays + 30) * dayMs;
/** A clock that says less has not been set since the machine started; what clients trust is not made anew for that. */
const neverBefore = Date.parse("2026-01-01T00:00:00Z");

/**
 * The certificate to serve https on this machine with: the one in the folder as long as it serves, else a new one signed
 * by the installation's own authority, which is made on first start. `ca.pem` is for clients; the keys are mode 0600.
 */
export const ownCertificate = (options: OwnCertificateOptions): OwnCertificate => {
  const { folder, now } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { authority, isNew } = ensureAuthority(options);
  const authorityFile = join(folder, "ca.pem");
  if (textOf(authorityFile) !== authority.cert) replace(authorityFile, authority.cert, 0o600);
  const names = serverNames(options.machine);
  const file = join(folder, "server.pem");
  const found = pairOf(textOf(file));
  const server = found && serves(found, { authority, names, now }) ? found : newServer(authority, names, now);
  if (server !== found) replace(file, server.key + server.cert, 0o600);
  const until = new Date(new X509Certificate(server.cert).validTo);
  const renewAt = new Date(until.getTime() - serverReserveMs);
  return { ...server, authorityFile, until, renewAt, isNewAuthority: isNew };
};

const serverNames = (machine: string): readonly string[] => {
  const name = machine.toLowerCase();
  const isDnsName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/.test(
    name,
  );
  return ["localhost", ...(isDnsName && name !== "localhost" ? [name] : []), "127.0.0.1", "::1"];
};

/** Key and certificate lie in one file, so that one is never found without the other. */
const ensureAuthority = ({
  folder,
  now,
  machine,
}: OwnCertificateOptions): { readonly authority: ServerCertificate; readonly isNew: boolean } => {
  const file = join(folder, "authority.pem");
  const found = pairOf(textOf(file));
  if (found && isAlive(new X509Certificate(found.cert), now, authorityReserveMs))
    return { authority: found, isNew: false };
  const made = newAuthority(machine, now);
  if (found !== undefined || textOf(file) !== undefined) replace(file, made.key + made.cert, 0o600);
  else if (!createOnce(file, made.key + made.cert)) return ensureAuthority({ folder, now, machine });
  return { authority: made, isNew: true };
};

const newAuthority = (machine: string, now: Date): ServerCertificate => {
  const key = newKey();
  const name = authorityName(machine, now);
  const until = new Date(now.getTime() + authorityDays * dayMs);
  const from = new Date(now.getTime() - backdatedMs);
  const cert = issueCertificate({ subject: name, from, until, key, issuer: { name, key }, use: "authority" });
  return { key: pem(key), cert };
};

/** The date tells two authorities of one machine apart; a common name has 64 characters at most. */
const authorityName = (machine: string, now: Date): string =>
  `Lifeboat on ${machine.replace(/[^\x20-\x7e]/g, "_").slice(0, 32)} ${now.toISOString().slice(0, 10)}`;

const newServer = (authority: ServerCertificate, names: readonly string[], now: Date): ServerCertificate => {
  const key = newKey();
  const name = commonNameOf(new X509Certificate(authority.cert));
  const cert = issueCertificate({
    subject: "localhost",
    from: new Date(now.getTime() - backdatedMs),
    until: new Date(now.getTime() + serverDays * dayMs),
    key,
    issuer: { name, key: createPrivateKey(authority.key) },
    use: { names },
  });
  return { key: pem(key), cert };
};

interface Needs {
  readonly authority: ServerCertificate;
  readonly names: readonly string[];
  readonly now: Date;
}

const serves = ({ cert }: ServerCertificate, { authority, names, now }: Needs): boolean => {
  const certificate = new X509Certificate(cert);
  return (
    isAlive(certificate, now, serverReserveMs) &&
    certificate.verify(new X509Certificate(authority.cert).publicKey) &&
    names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined)
  );
};

const isAlive = ({ validFrom, validTo }: X509Certificate, now: Date, reserveMs: number): boolean =>
  now.getTime() < neverBefore ||
  (Date.parse(validFrom) <= now.getTime() && Date.parse(validTo) - now.getTime() > reserveMs);

const commonNameOf = ({ subject }: X509Certificate): string => /^CN=(.*)$/m.exec(subject)?.[1] ?? "";

const newKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

const pem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

/** Undefined for what is no key with its certificate: it is then made anew. */
const pairOf = (file: string | undefined): ServerCertificate | undefined => {
  const key = /-----BEGIN PRIVATE KEY-----[\s\S]+?-----END PRIVATE KEY-----\n/.exec(file ?? "")?.[0];
  const cert = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n/.exec(file ?? "")?.[0];
  if (key === undefined || cert === undefined) return undefined;
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)) ? { key, cert } : undefined;
  } catch {
    return undefined;
  }
};

/** Undefined when there is no such file. A copied data folder often comes with wider modes: it is closed to others. */
const textOf = (path: string): string | undefined => {
  try {
    // Where modes mean nothing (Windows, SMB) nothing changes.
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
};

/** Whole or not at all, also after a power cut. */
const replace = (path: string, content: string, mode: number): void => {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content, { mode, flush: true });
  renameSync(temporary, path);
};

/** False when another process was first. */
const createOnce = (path: string, content: string): boolean => {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, content, { mode: 0o600, flush: true });
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
};
