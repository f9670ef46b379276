import { createHash, createPublicKey, randomBytes, sign, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { bits, explicit, implicit, objectId, octets, sequence, set, tagged, text, time, unsigned, yes } from "./der.ts";

interface CertificateWish {
  /** Common name of whom it is for. */
  readonly subject: string;
  readonly from: Date;
  readonly until: Date;
  /** Whose public key it certifies. */
  readonly key: KeyObject;
  readonly issuer: { readonly name: string; readonly key: KeyObject };
  /** An authority signs others and serves nobody; a server's certificate names its hosts and addresses. */
  readonly use: "authority" | { readonly names: readonly string[] };
}

const oid = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;

/** An X.509 v3 certificate (RFC 5280) over P-256 keys, as PEM. */
export const issueCertificate = (wish: CertificateWish): string => {
  const algorithm = sequence(objectId(oid.ecdsaWithSha256));
  const content = sequence(
    explicit(0, unsigned(Buffer.from([2]))),
    unsigned(serialNumber()),
    algorithm,
    named(wish.issuer.name),
    sequence(time(wish.from), time(wish.until)),
    named(wish.subject),
    publicKeyOf(wish.key),
    explicit(3, sequence(...extensions(wish))),
  );
  const signature = sign("sha256", content, { key: wish.issuer.key, dsaEncoding: "der" });
  const base64 = sequence(content, algorithm, bits(signature)).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/(.{64})/g, "$1\n").trimEnd()}\n-----END CERTIFICATE-----\n`;
};

/** Positive, and never the same twice. */
const serialNumber = (): Buffer => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
};

const named = (commonName: string): Buffer => sequence(set(sequence(objectId(oid.commonName), text(commonName))));

const publicKeyOf = (key: KeyObject): Buffer => createPublicKey(key).export({ type: "spki", format: "der" });

/** As RFC 5280 suggests: SHA-1 of the key's bits, an identifier and no protection. */
const keyIdentifier = (key: KeyObject): Buffer => {
  const pointBytes = 65;
  return createHash("sha1").update(publicKeyOf(key).subarray(-pointBytes)).digest();
};

const extensions = ({ key, issuer, use }: CertificateWish): readonly Buffer[] => {
  const always = [
    extension(oid.subjectKeyIdentifier, octets(keyIdentifier(key))),
    extension(oid.authorityKeyIdentifier, sequence(implicit(0, keyIdentifier(issuer.key)))),
  ];
  if (use === "authority")
    return [
      // A path of no further authorities.
      critical(oid.basicConstraints, sequence(yes(), unsigned(Buffer.from([0])))),
      // keyCertSign and cRLSign.
      critical(oid.keyUsage, bits(Buffer.from([0b0000_0110]), 1)),
      ...always,
    ];
  return [
    critical(oid.basicConstraints, sequence()),
    // digitalSignature.
    critical(oid.keyUsage, bits(Buffer.from([0b1000_0000]), 7)),
    extension(oid.extendedKeyUsage, sequence(objectId(oid.serverAuth))),
    extension(oid.subjectAltName, sequence(...use.names.map(alternativeName))),
    ...always,
  ];
};

const extension = (id: string, value: Buffer): Buffer => sequence(objectId(id), octets(value));
const critical = (id: string, value: Buffer): Buffer => sequence(objectId(id), yes(), octets(value));

const alternativeName = (name: string): Buffer =>
  isIP(name) === 0 ? implicit(2, Buffer.from(name, "latin1")) : tagged(0x87, addressBytes(name));

const addressBytes = (address: string): Buffer => {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (part: string): number[] => (part === "" ? [] : part.split(":").map((group) => parseInt(group, 16)));
  const before = groups(head);
  const after = groups(tail ?? "");
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array.from({ length: missing }, () => 0), ...after];
  return Buffer.from(all.flatMap((group) => [group >>> 8, group & 0xff]));
};
