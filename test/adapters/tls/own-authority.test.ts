import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:https";
import { once } from "node:events";
import { execFileSync } from "node:child_process";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CertificateUnusable, givenCertificate } from "../../../src/adapters/tls/given-certificate.ts";
import { ownCertificate } from "../../../src/adapters/tls/own-authority.ts";
import { describeWith, hasCommand } from "../../support/needs.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "lifeboat-tls-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const machine = "Backup-Host.example";
const dayMs = 86_400_000;
const today = new Date();
const after = (days: number): Date => new Date(today.getTime() + days * dayMs);
const tls = () => join(folder, "tls");
const own = (now = today, name = machine) => ownCertificate({ folder: tls(), now, machine: name });
const authority = () => new X509Certificate(readFileSync(join(tls(), "ca.pem")));
const modes = (): readonly string[] =>
  readdirSync(tls())
    .map((name) => `${name} ${(statSync(join(tls(), name)).mode & 0o777).toString(8)}`)
    .toSorted();

describe("the installation's own authority", () => {
  it("signs a certificate for localhost, both loopback addresses and the machine, in a folder only the owner can read", async () => {
    const { cert, key, authorityFile } = await own();
    expect(authorityFile).toBe(join(tls(), "ca.pem"));
    const certificate = new X509Certificate(cert);
    expect(certificate.verify(authority().publicKey)).toBe(true);
    expect(certificate.checkIssued(authority())).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    for (const name of ["localhost", "backup-host.example"]) expect(certificate.checkHost(name)).toBe(name);
    for (const address of ["127.0.0.1", "::1"]) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkHost("elsewhere.example")).toBeUndefined();
    expect({ ca: certificate.ca, authority: authority().ca }).toEqual({ ca: false, authority: true });
    expect(statSync(tls()).mode & 0o777).toBe(0o700);
    expect(modes()).toEqual(["authority.pem 600", "ca.pem 600", "server.pem 600"]);
  });

  it("closes its keys to others again when a copied folder has them open", async () => {
    const { cert } = await own();
    for (const name of readdirSync(tls())) chmodSync(join(tls(), name), 0o644);
    expect((await own()).cert).toBe(cert);
    expect(modes()).toEqual(["authority.pem 600", "ca.pem 600", "server.pem 600"]);
  });

  it("serves clients that trust ca.pem and nothing else, by every name", async () => {
    const { key, cert } = await own();
    const server = createServer({ key, cert }, (_, response) => response.end("hello"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const ask = (ca: string | undefined, servername: string) =>
      new Promise<string>((resolve) => {
        const options = { port, host: "127.0.0.1", servername, agent: false, ...(ca === undefined ? {} : { ca }) };
        request(options, (response) => {
          response.resume();
          resolve(String(response.statusCode));
        })
          .on("error", (error) => resolve(error.message))
          .end();
      });
    try {
      const ca = readFileSync(join(tls(), "ca.pem"), "utf8");
      for (const name of ["localhost", "backup-host.example", ""]) expect(await ask(ca, name)).toBe("200");
      expect(await ask(ca, "elsewhere.example")).toMatch(/altname/i);
      expect(await ask(undefined, "localhost")).toMatch(/certificate/i);
    } finally {
      server.close();
    }
  });

  it("is the same at the next start, and so is the certificate", async () => {
    const first = await own();
    const ca = authority().fingerprint256;
    expect(await own(after(200))).toEqual(first);
    expect(authority().fingerprint256).toBe(ca);
  });

  it("is the same on a machine whose clock has not been set yet, and so is the certificate", async () => {
    const first = await own();
    expect(await own(new Date("1970-01-01T00:01:00Z"))).toEqual(first);
    expect(await own()).toEqual(first);
  });

  it("signs a new certificate two months before the old one ends, and clients need not learn anything new", async () => {
    const first = await own();
    const ca = authority().fingerprint256;
    expect((await own(after(365 - 61))).cert).toBe(first.cert);
    const second = await own(after(365 - 59));
    expect(second.cert).not.toBe(first.cert);
    expect(authority().fingerprint256).toBe(ca);
    expect(new X509Certificate(second.cert).verify(authority().publicKey)).toBe(true);
  });

  it("signs a new certificate when the machine is called otherwise", async () => {
    const first = await own();
    const second = await own(today, "renamed");
    expect(new X509Certificate(second.cert).checkHost("renamed")).toBe("renamed");
    expect(second.cert).not.toBe(first.cert);
  });

  it("is made anew a year before it ends, so that no certificate outlives it", async () => {
    await own();
    const before = authority().fingerprint256;
    const renewed = await own(after(3650 - 380));
    expect(authority().fingerprint256).not.toBe(before);
    expect(Date.parse(new X509Certificate(renewed.cert).validTo)).toBeLessThan(Date.parse(authority().validTo));
  });

  it.each(["authority.pem", "server.pem", "ca.pem"])(
    "comes back when %s was damaged or is half there",
    async (name) => {
      await own();
      writeFileSync(join(tls(), name), readFileSync(join(tls(), name), "utf8").slice(0, 300));
      const { cert } = await own();
      expect(new X509Certificate(cert).verify(authority().publicKey)).toBe(true);
      expect((await own()).cert).toBe(cert);
    },
  );

  it("does not keep the certificate of another authority", async () => {
    await own();
    const stranger = readFileSync(join(tls(), "server.pem"), "utf8");
    rmSync(tls(), { recursive: true });
    await own();
    writeFileSync(join(tls(), "server.pem"), stranger);
    expect(new X509Certificate((await own()).cert).verify(authority().publicKey)).toBe(true);
  });

  it("names no machine whose name the DNS could not hold", async () => {
    const { cert } = await own(today, "My_Machine (2)");
    expect(new X509Certificate(cert).subjectAltName).toBe(
      "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
    );
  });
});

describeWith("openssl", hasCommand("openssl"), "openssl", () => {
  it("finds nothing wrong with the chain, the strictest way", async () => {
    await own();
    const server = join(tls(), "server.pem");
    const said = execFileSync("openssl", [
      "verify",
      "-x509_strict",
      "-purpose",
      "sslserver",
      "-CAfile",
      join(tls(), "ca.pem"),
      server,
    ]);
    expect(said.toString()).toContain("OK");
  });
});

describe("the owner's own certificate", () => {
  const files = async () => {
    const { cert, key } = await own();
    const at = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
    writeFileSync(at.certFile, cert);
    writeFileSync(at.keyFile, key);
    return at;
  };

  it("is taken as it is", async () => {
    const at = await files();
    expect(givenCertificate(at, today)).toEqual({
      cert: readFileSync(at.certFile, "utf8"),
      key: readFileSync(at.keyFile, "utf8"),
    });
  });

  it("is refused in words, naming the file: not there, not PEM, another's key, expired", async () => {
    const at = await files();
    const refused =
      (change: Partial<typeof at>, now = today) =>
      () =>
        givenCertificate({ ...at, ...change }, now);
    expect(refused({ certFile: join(folder, "none.pem") })).toThrow(/none\.pem cannot be read/);
    expect(refused({ certFile: at.keyFile })).toThrow(/key\.pem is not what is expected/);
    expect(refused({ keyFile: at.certFile })).toThrow(/cert\.pem is not what is expected/);
    expect(refused({}, after(366))).toThrow(/expired at/);
    rmSync(tls(), { recursive: true });
    writeFileSync(at.keyFile, (await own()).key);
    expect(refused({})).toThrow(CertificateUnusable);
    expect(refused({})).toThrow(/not the key of/);
    chmodSync(at.keyFile, 0o600);
  });
});
