import { createPrivateKey, generateKeyPairSync, X509Certificate, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { makeFolder } from "../machine/make-folder.ts";
import { makePrivateFile, readPrivateFile, replacePrivateFile } from "../machine/private-file.ts";
import { issueCertificate } from "./issue-certificate.ts";

/** What a TLS server needs, as PEM. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

interface OwnCertificate extends ServerCertificate {
  /** What clients have to trust. */
  readonly authorityFile: string;
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
 * by the installation's own authority, which is made on first start. `ca.pem` is for clients.
 */
export const ownCertificate = async (options: OwnCertificateOptions): Promise<OwnCertificate> => {
  const { folder, now } = options;
  await makeFolder(folder, 0o700);
  const authority = await ensureAuthority(options);
  const authorityFile = join(folder, "ca.pem");
  if ((await readPrivateFile(authorityFile)) !== authority.cert)
    await replacePrivateFile(authorityFile, authority.cert);
  const names = serverNames(options.machine);
  const file = join(folder, "server.pem");
  const found = pairOf(await readPrivateFile(file));
  const server = found && serves(found, { authority, names, now }) ? found : newServer(authority, names, now);
  if (server !== found) await replacePrivateFile(file, server.key + server.cert);
  return { ...server, authorityFile };
};

const serverNames = (machine: string): readonly string[] => {
  const name = machine.toLowerCase();
  const isDnsName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/.test(
    name,
  );
  return ["localhost", ...(isDnsName && name !== "localhost" ? [name] : []), "127.0.0.1", "::1"];
};

/** Key and certificate lie in one file, so that one is never found without the other. */
const ensureAuthority = async ({ folder, now, machine }: OwnCertificateOptions): Promise<ServerCertificate> => {
  const file = join(folder, "authority.pem");
  const text = await readPrivateFile(file);
  const found = pairOf(text);
  if (found && isAlive(new X509Certificate(found.cert), now, authorityReserveMs)) return found;
  const made = newAuthority(machine, now);
  if (text === undefined) return pairOf(await makePrivateFile(file, made.key + made.cert)) ?? made;
  await replacePrivateFile(file, made.key + made.cert);
  return made;
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
