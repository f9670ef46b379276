import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TokenCredential } from "@azure/identity";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blobClients } from "../../src/adapters/destination/blob-clients.ts";
import { blobContainer } from "../../src/adapters/destination/blob-container.ts";
import { ownCertificate } from "../../src/adapters/tls/own-authority.ts";
import type { Destination } from "../../src/ports/destination.ts";
import { blockId, noise, readAll, store } from "../adapters/destination/blocks.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { describeWith } from "../support/needs.ts";
import { destinationContract, type Subject } from "./destination-contract.ts";

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** As Entra makes them for Azure Storage, but for the signature, which Azurite does not check. */
const tokenFor = (audience: string, seconds: number): string => {
  const now = Math.floor(Date.now() / 1000);
  const claims = { aud: audience, iss: "https://sts.windows.net/t/", iat: now, nbf: now - 60, exp: now + seconds };
  return `${encoded({ alg: "none", typ: "JWT" })}.${encoded(claims)}.c2ln`;
};

const identityWith = (token: string): TokenCredential => ({
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
});

describeWith("azurite", azuritePresent, "against Azurite over https,", () => {
  let azurite: Azurite;
  let folder: string;
  let agent: Agent;
  let containers = 0;
  const identity = identityWith(tokenFor("https://storage.azure.com", 3600));
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "lifeboat-identity-"));
    const tls = await ownCertificate({ folder: join(folder, "tls"), now: new Date(), machine: "localhost" });
    const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
    await writeFile(files.certFile, tls.cert);
    await writeFile(files.keyFile, tls.key);
    agent = new Agent({ keepAlive: true, ca: readFileSync(tls.authorityFile) });
    azurite = await startAzurite({ tls: files });
  });
  afterAll(async () => {
    agent.destroy();
    await azurite.stop();
    await rm(folder, { recursive: true });
  });

  const fresh = async (): Promise<string> => {
    const container = `${azurite.blobUrl}/identity-${++containers}`;
    await (await blobClients(container, { identity, agent })).plain.create();
    return container;
  };
  const make = async (): Promise<Subject> => {
    const container = await fresh();
    const open = async (): Promise<Destination> => blobContainer({ container, identity, agent, pageSize: 3 });
    return { destination: await open(), reopened: open, dispose: async () => undefined };
  };

  destinationContract("a blob container opened by an identity", make);

  describe("an identity", () => {
    it("without the role it needs is told which", async () => {
      const container = await fresh();
      const stranger = identityWith(tokenFor("https://elsewhere.example", 3600));
      const destination = await blobContainer({ container, identity: stranger, agent });
      await expect(destination.head("a.zip")).rejects.toMatchObject({
        kind: "AccessDenied",
        message: expect.stringMatching(/\(403 \w+\): give Lifeboat's identity the role Storage Blob Data Contributor/),
      });
    });

    it("that cannot log in is told so, once, and why", async () => {
      let asked = 0;
      const identityless: TokenCredential = {
        getToken: async () => {
          asked++;
          throw Object.assign(new Error("No managed identity was found.\nmore"), {
            name: "CredentialUnavailableError",
          });
        },
      };
      const destination = await blobContainer({ container: await fresh(), identity: identityless, agent });
      await expect(destination.head("a.zip")).rejects.toMatchObject({
        kind: "AccessDenied",
        message: expect.stringContaining("could not log in (No managed identity was found.)"),
      });
      expect(asked).toBe(1);
    });

    it("is not sent to a store whose certificate nobody vouches for, and it is not tried again", async () => {
      const destination = await blobContainer({ container: await fresh(), identity, agent: new Agent() });
      await expect(destination.head("a.zip")).rejects.toMatchObject({
        kind: "Unavailable",
        message: expect.stringMatching(/cannot be trusted or understood\. Look at its certificate/),
      });
    });
  });
});

describeWith("azurite", azuritePresent, "a container opened by the account's key", () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(async () => azurite.stop());

  it("copies through itself: the store may not read the source, and says it is not there", async () => {
    const { StorageSharedKeyCredential } = await import("@azure/storage-blob");
    const container = await azurite.createContainer("keyed");
    const accountKey = new StorageSharedKeyCredential(azurite.account, azurite.key);
    const destination = await blobContainer({ container, accountKey });
    const { etag } = await store(destination, "source.zip", [noise(100_000, "a")]);
    const ids = [0, 1].map((at) => blockId(at, Buffer.from(String(at))));
    const upload = { name: "copy.zip", run: "run-1" };
    for (const [at, id] of ids.entries())
      await destination.stageCopy(upload, id, { name: "source.zip", etag, offset: at * 40_000, length: 40_000 });
    await destination.commit(upload, ids, {});
    expect((await readAll(destination, "copy.zip")).equals(noise(100_000, "a").subarray(0, 80_000))).toBe(true);
    await destination.remove("source.zip");
    const gone = { name: "source.zip", etag, offset: 0, length: 10 };
    await expect(destination.stageCopy(upload, blockId(3, Buffer.from("3")), gone)).rejects.toMatchObject({
      kind: "SourceChanged",
    });
  });
});
