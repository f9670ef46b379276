import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TableClient } from "@azure/data-tables";
import { afterAll, beforeAll, expect, it } from "vitest";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { serviceClient, type ServiceClient } from "../support/service-client.ts";

const bootstrap = "bootstrap-key-of-both-processes";
const admin = { authorization: `Bearer ${bootstrap}` };

/** What the test needs of the host's own keys. */
interface HostKeys {
  readonly masterKey: { readonly value: string };
}

describeWith(
  "azurite",
  azuritePresent,
  "two processes that share a catalog in Table Storage and a file of keys",
  () => {
    let azurite: Azurite;
    let folder: { readonly path: string; readonly remove: () => void };
    let url: string;
    let accepted = 0;
    let services: readonly [LifeboatProcess, LifeboatProcess];
    let clients: readonly [ServiceClient, ServiceClient];
    const keysFile = (): string => join(folder.path, "sealing-keys");
    const newKey = (id: string): string => `${id}:${randomBytes(32).toString("base64")}`;

    /** As whoever looks after such a file does it: whole or not at all. */
    const writeKeys = (...lines: readonly string[]): void => {
      writeFileSync(`${keysFile()}.new`, lines.map((line) => `${line}\n`).join(""));
      renameSync(`${keysFile()}.new`, keysFile());
    };

    const start = async (name: string): Promise<LifeboatProcess> => {
      const service = await startLifeboat({
        data: join(folder.path, name),
        flags: ["--tls-port", "off"],
        environment: {
          LIFEBOAT_ALLOW_HTTP_STORAGE: "true",
          LIFEBOAT_BOOTSTRAP_KEY: bootstrap,
          LIFEBOAT_DESTINATION: url,
          LIFEBOAT_SCRATCH: azurite.connectionString,
          LIFEBOAT_SEALING_KEYS_FILE: keysFile(),
          LIFEBOAT_SITES: join(folder.path, "sites"),
          LIFEBOAT_TABLES: azurite.connectionString,
        },
      });
      expect(service.url, service.output()).not.toBe("");
      return service;
    };

    beforeAll(async () => {
      azurite = await startAzurite({ tables: true });
      folder = temporaryFolder();
      await azurite.createContainer("backups");
      url = azurite.containerSas("backups", "rwdl", new Date(Date.now() + 3_600_000));
      const home = join(folder.path, "shop");
      mkdirSync(join(home, "site", "wwwroot"), { recursive: true });
      mkdirSync(join(folder.path, "sites"));
      writeFileSync(join(home, "site", "wwwroot", "index.html"), "hello");
      writeFileSync(join(folder.path, "sites", "shop.json"), JSON.stringify({ home }));
      writeKeys(newKey("first"));
      services = [await start("one"), await start("other")];
      const [one, other] = services;
      clients = [serviceClient(one.url, admin, "shop"), serviceClient(other.url, admin, "shop")];
    });
    afterAll(async () => {
      await killAll();
      folder.remove();
      await azurite.stop();
    });

    const backup = { properties: { storageAccountUrl: "", backupName: "same" } };
    const allEnded = async (client: ServiceClient): Promise<readonly string[]> => {
      const statuses = async (): Promise<readonly string[]> =>
        (await client.backups()).map(({ status, log }) => (status === "Succeeded" ? status : `${status} ${log}`));
      await expect.poll(async () => (await statuses()).join(), { timeout: 120_000 }).not.toMatch(/Created|InProgress/);
      return statuses();
    };

    it("have one lock: of many backups at once one runs, one waits, the others are refused", async () => {
      const body = { properties: { ...backup.properties, storageAccountUrl: url } };
      const asked = Array.from({ length: 10 }, (_, index) =>
        clients[index % 2 === 0 ? 0 : 1].ask("POST", "/backup", body),
      );
      const statuses = (await Promise.all(asked)).map(({ status }) => status);
      // One runs and one waits; more are taken only where a machine is so slow that the first has ended meanwhile.
      accepted = statuses.filter((status) => status === 200).length;
      expect(accepted).toBeGreaterThanOrEqual(2);
      expect(statuses.filter((status) => status === 409)).toHaveLength(10 - accepted);
      for (const client of clients) expect(await allEnded(client)).toEqual(Array(accepted).fill("Succeeded"));
      const [one, other] = await Promise.all(clients.map((client) => client.backups()));
      expect(one).toEqual(other);
      expect(new Set(one?.map(({ blobName }) => blobName)).size, "a name each").toBe(accepted);
    });

    /** The key that sealed the container's credential. */
    const sealedWith = async (): Promise<string> => {
      const options = { allowInsecureConnection: true };
      const table = TableClient.fromConnectionString(azurite.connectionString, "lifeboat", options);
      for await (const entity of table.listEntities({ queryOptions: { filter: "PartitionKey eq 'credentials'" } })) {
        const id = /lb1\.(\w+)\./.exec(JSON.stringify(entity))?.[1];
        if (id !== undefined) return id;
      }
      return "";
    };
    const shown = async (client: ServiceClient) => {
      const { status, body } = await client.ask("POST", "/backups/1/list", {});
      return { status, url: body["properties"]?.["storageAccountUrl"], code: body["error"]?.["code"] };
    };

    it("exchange the sealing key while both serve: the one that has not looked yet opens what the other has sealed", async () => {
      expect(await sealedWith()).toBe("first");
      const old = readFileSync(keysFile(), "utf8").trim();
      const newest = newKey("second");
      writeKeys(newest, old);
      // What nobody touches is sealed anew by housekeeping: here not an hour later, but at once.
      const { value } = (JSON.parse(readFileSync(join(folder.path, "other", "keys", "host.json"), "utf8")) as HostKeys)
        .masterKey;
      const reseal = async (): Promise<string> => {
        const answer = await fetch(`${services[1].url}/admin/functions/zReseal`, {
          method: "POST",
          headers: { "x-functions-key": value, "content-type": "application/json" },
          body: "{}",
        });
        expect(answer.status).toBe(202);
        return sealedWith();
      };
      await expect.poll(reseal, { timeout: 60_000, interval: 1_000 }).toBe("second");
      expect((await shown(clients[0])).status, "the one that has not looked opens it").toBe(200);
      // And what is entered now is sealed with it at once.
      const renewed = azurite.containerSas("backups", "rwdl", new Date(Date.now() + 7_200_000));
      expect(
        (await clients[0].ask("PUT", "/config/backup", { properties: { storageAccountUrl: renewed } })).status,
      ).toBe(200);
      expect(await sealedWith()).toBe("second");
      expect((await shown(clients[1])).url).toBe(renewed);
      writeKeys(newest);
      for (const client of clients) expect(await shown(client)).toMatchObject({ status: 200, url: /sig=/ });
      const body = { properties: { backupName: "after" } };
      const begun = await clients[1].ask("POST", "/backup", body);
      expect(begun.status, JSON.stringify(begun.body)).toBe(200);
      expect(await allEnded(clients[0])).toEqual(Array(accepted + 1).fill("Succeeded"));
    });

    it("tell which key is lost, and lose nothing else: with it back, all is as it was", async () => {
      const kept = readFileSync(keysFile(), "utf8").trim();
      const strange = newKey("third");
      writeKeys(strange);
      for (const client of clients) {
        await expect
          .poll(async () => (await shown(client)).code, { timeout: 60_000, interval: 500 })
          .toBe("SecretUnreadable");
        const { body } = await client.ask("POST", "/backups/1/list", {});
        expect(body["error"]?.["message"]).toMatch(
          /needs the key second, and .*sealing-keys has only third\. Put that key back/,
        );
        expect((await client.backups()).length).toBe(accepted + 1);
      }
      writeKeys(strange, kept);
      for (const client of clients)
        await expect.poll(async () => (await shown(client)).status, { timeout: 60_000, interval: 500 }).toBe(200);
    });
  },
);
