import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TableClient } from "@azure/data-tables";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRecoveryKey } from "../../src/adapters/secrets/recovery-key.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { runTimer } from "../support/run-timer.ts";
import { serviceClient, siteFolder, type ServiceClient } from "../support/service-client.ts";

const bootstrap = "bootstrap-key-of-both-processes";
const recoveryKey = createRecoveryKey().text.reveal();
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const newKey = (id: string): string => `${id}:${randomBytes(32).toString("base64")}`;

describeWith("azurite", azuritePresent, "two processes over one catalog in Table Storage", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let azurite: Azurite;
  let container: string;
  let services: readonly [LifeboatProcess, LifeboatProcess];
  let clients: readonly [ServiceClient, ServiceClient];

  const keysFile = (): string => join(folder.path, "sealing-keys");
  /** As whoever looks after such a file does it: whole or not at all. */
  const writeKeys = (...lines: readonly string[]): void => {
    writeFileSync(`${keysFile()}.new`, lines.map((line) => `${line}\n`).join(""));
    renameSync(`${keysFile()}.new`, keysFile());
  };

  const makeSite = (name: string): void => {
    const home = join(folder.path, name);
    mkdirSync(join(home, "site", "wwwroot"), { recursive: true });
    writeFileSync(join(home, "site", "wwwroot", "index.html"), name);
    writeFileSync(join(folder.path, "sites", `${name}.json`), JSON.stringify({ home }));
  };

  const start = async (name: string): Promise<LifeboatProcess> => {
    const service = await startLifeboat({
      data: join(folder.path, name),
      flags: ["--tls-port", "off"],
      environment: {
        LIFEBOAT_ALLOW_HTTP_STORAGE: "true",
        LIFEBOAT_BOOTSTRAP_KEY: bootstrap,
        LIFEBOAT_DESTINATION: container,
        LIFEBOAT_FILE_ROOTS: join(folder.path, "backups"),
        LIFEBOAT_RECOVERY_KEY: recoveryKey,
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
    folder = temporaryFolder();
    azurite = await startAzurite({ tables: true });
    await azurite.createContainer("backups");
    container = azurite.containerSas("backups", "rwdl", new Date(Date.now() + 3_600_000));
    mkdirSync(join(folder.path, "backups"));
    mkdirSync(join(folder.path, "sites"), { mode: 0o700 });
    for (const name of ["shop", "blog"]) makeSite(name);
    writeKeys(newKey("first"));
    services = await Promise.all([start("one"), start("other")]);
    clients = [clientOf(services[0]), clientOf(services[1])];
  });
  afterAll(async () => {
    await killAll();
    await azurite.stop();
    folder.remove();
  });

  const clientOf = ({ url }: LifeboatProcess, as = bootstrap, site = "shop"): ServiceClient =>
    serviceClient(url, bearer(as), site);

  const changeKey = async ({ url }: LifeboatProcess, method: string, properties?: unknown) => {
    const answer = await fetch(`${url}/providers/Lifeboat/keys/nightly?api-version=2024-11-01`, {
      method,
      headers: bearer(bootstrap),
      ...(properties === undefined ? {} : { body: JSON.stringify({ properties }) }),
    });
    return { status: answer.status, text: await answer.text() };
  };

  const login = async ({ url }: LifeboatProcess, secret: string): Promise<string> => {
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: "nightly",
      client_secret: secret,
    });
    const answer = await fetch(`${url}/adfs/oauth2/token`, { method: "POST", body });
    // Safe in a test: a token that is none opens nothing.
    return (JSON.parse(await answer.text()) as { readonly access_token: string }).access_token;
  };

  const looks = async (service: LifeboatProcess, as: string, site = "shop"): Promise<number> =>
    (await clientOf(service, as, site).ask("GET", "/backups")).status;

  it("take each other's keys and the tokens of each other's logins, and none any more once the key is revoked", async () => {
    const [one, other] = services;
    const made = await changeKey(one, "PUT", { role: "reader", sites: [siteFolder("shop")] });
    expect(made.status, made.text).toBe(201);
    const { properties }: { properties: { secret: string } } = JSON.parse(made.text);
    const given = [properties.secret, await login(one, properties.secret), await login(other, properties.secret)];
    for (const as of given) expect([await looks(one, as), await looks(other, as)]).toEqual([200, 200]);
    expect(await looks(other, properties.secret, "blog")).toBe(403);
    expect((await changeKey(other, "PUT", { role: "admin" })).status).toBe(409);

    expect((await changeKey(other, "DELETE")).status).toBe(200);
    for (const as of given) expect(await looks(other, as)).toBe(401);
    // Ten seconds are the promise; how long a slow machine takes to notice is not what is tested.
    for (const as of given) await expect.poll(async () => looks(one, as), { timeout: 60_000, interval: 500 }).toBe(401);
  });

  it("see each other's backups, which have one row of numbers, in a folder that both reach", async () => {
    const storageAccountUrl = `file://${join(folder.path, "backups")}/blog`;
    const blogs = services.map((service) => clientOf(service, bootstrap, "blog"));
    for (const [index, maker] of blogs.entries()) {
      const { status, body } = await maker.ask("POST", "/backup", { properties: { storageAccountUrl } });
      expect(status, JSON.stringify(body)).toBe(200);
      const seen = async () =>
        (await blogs[1 - index]?.backups())?.map(({ id, status: ended, log }) => `${id} ${ended} ${log}`.trim());
      await expect
        .poll(seen, { timeout: 120_000, interval: 250 })
        .toEqual(["1 Succeeded", "2 Succeeded"].slice(0, index + 1));
    }
  });

  let accepted = 0;
  const allEnded = async (client: ServiceClient): Promise<readonly string[]> => {
    const statuses = async (): Promise<readonly string[]> =>
      (await client.backups()).map(({ status, log }) => (status === "Succeeded" ? status : `${status} ${log}`));
    await expect.poll(async () => (await statuses()).join(), { timeout: 120_000 }).not.toMatch(/Created|InProgress/);
    return statuses();
  };

  it("have one lock: of many backups at once one runs, one waits, the others are refused", async () => {
    const body = { properties: { storageAccountUrl: container, backupName: "same" } };
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
  /** What nobody touches is sealed anew by housekeeping: here not an hour later, but at once. */
  const resealNow = (): Promise<void> => runTimer(services[1].url, join(folder.path, "other"), "zReseal");

  it("exchange the sealing key while both serve: the one that has not looked yet opens what the other has sealed", async () => {
    expect(await sealedWith()).toBe("first");
    const old = readFileSync(keysFile(), "utf8").trim();
    const newest = newKey("second");
    writeKeys(newest, old);
    const resealed = async (): Promise<string> => {
      await resealNow();
      return sealedWith();
    };
    await expect.poll(resealed, { timeout: 60_000, interval: 1_000 }).toBe("second");
    expect((await shown(clients[0])).status, "the one that has not looked opens it").toBe(200);
    // And what is entered now is sealed with it at once.
    const renewed = azurite.containerSas("backups", "rwdl", new Date(Date.now() + 7_200_000));
    const entered = await clients[0].ask("PUT", "/config/backup", { properties: { storageAccountUrl: renewed } });
    expect(entered.status).toBe(200);
    expect(await sealedWith()).toBe("second");
    expect((await shown(clients[1])).url).toBe(renewed);
    writeKeys(newest);
    for (const client of clients) expect(await shown(client)).toMatchObject({ status: 200, url: /sig=/ });
    const begun = await clients[1].ask("POST", "/backup", { properties: { backupName: "after" } });
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

  it("write what callers change to the log, which the platform keeps, and not to a file", () => {
    const [one, other] = services;
    expect(one.output()).toMatch(/ audit .*operation=createKey/);
    expect(() => readFileSync(join(folder.path, "one", "audit.log"))).toThrow(/ENOENT/);
    expect(one.output() + other.output()).not.toMatch(/lb_nightly|eyJ/);
  });
});
