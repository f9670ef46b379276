import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import { siteFolder } from "../support/service-client.ts";

const bootstrap = "bootstrap-key-of-two-processes";
const sealing = `k1:${randomBytes(32).toString("base64")}`;

describeWith("azurite", azuritePresent, "two processes over one catalog in Table Storage", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let azurite: Azurite;
  let one: LifeboatProcess;
  let other: LifeboatProcess;

  beforeAll(async () => {
    folder = temporaryFolder();
    azurite = await startAzurite({ tables: true });
    const sites = join(folder.path, "sites");
    mkdirSync(join(folder.path, "backups"));
    mkdirSync(sites, { mode: 0o700 });
    for (const name of ["shop", "blog"]) {
      mkdirSync(join(folder.path, name, "site", "wwwroot"), { recursive: true });
      writeFileSync(join(folder.path, name, "site", "wwwroot", "index.html"), name);
      writeFileSync(join(sites, `${name}.json`), JSON.stringify({ home: join(folder.path, name) }));
    }
    const environment = {
      LIFEBOAT_TABLES: azurite.connectionString,
      LIFEBOAT_SCRATCH: azurite.connectionString,
      LIFEBOAT_ALLOW_HTTP_STORAGE: "true",
      LIFEBOAT_SEALING_KEYS: sealing,
      LIFEBOAT_BOOTSTRAP_KEY: bootstrap,
      LIFEBOAT_SITES: sites,
      LIFEBOAT_FILE_ROOTS: join(folder.path, "backups"),
      LIFEBOAT_DESTINATION: `file://${join(folder.path, "backups")}/{site}`,
    };
    const start = (name: string) =>
      startLifeboat({ data: join(folder.path, name), flags: ["--tls-port", "off"], environment });
    one = await start("one");
    other = await start("other");
    for (const { url, output } of [one, other]) expect(url, output()).not.toBe("");
  });
  afterAll(async () => {
    await killAll();
    await azurite.stop();
    folder.remove();
  });

  const ask = async (
    { url }: LifeboatProcess,
    [method, path]: readonly [string, string],
    { as = bootstrap, body }: { readonly as?: string; readonly body?: unknown } = {},
  ) => {
    const answer = await fetch(`${url}${path}?api-version=2024-11-01`, {
      method,
      headers: { authorization: `Bearer ${as}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const look = ["GET", `${siteFolder("shop")}/backups`] as const;
  const keyPath = "/providers/Lifeboat/keys/nightly";

  it("know the same keys: a new one at once, a revoked one no longer than documented", async () => {
    for (const process of [one, other]) expect((await ask(process, look)).status).toBe(200);
    const made = await ask(one, ["PUT", keyPath], {
      body: { properties: { role: "reader", sites: [siteFolder("shop")] } },
    });
    expect(made.status, made.text).toBe(201);
    const { properties }: { properties: { secret: string } } = JSON.parse(made.text);
    expect((await ask(other, look, { as: properties.secret })).status).toBe(200);
    expect((await ask(other, ["GET", `${siteFolder("blog")}/backups`], { as: properties.secret })).status).toBe(403);
    expect((await ask(other, ["PUT", keyPath], { body: { properties: { role: "admin" } } })).status).toBe(409);

    const form = `grant_type=client_credentials&client_id=nightly&client_secret=${properties.secret}`;
    const login = await fetch(`${one.url}/adfs/oauth2/token`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form,
    });
    const { access_token: token }: { access_token: string } = JSON.parse(await login.text());
    expect((await ask(other, look, { as: token })).status).toBe(200);

    expect((await ask(one, ["DELETE", keyPath])).status).toBe(200);
    for (const as of [properties.secret, token]) {
      expect((await ask(one, look, { as })).status).toBe(401);
      // Ten seconds are the promise; how long a slow machine takes to notice is not what is tested.
      await expect
        .poll(async () => (await ask(other, look, { as })).status, { timeout: 60_000, interval: 1_000 })
        .toBe(401);
    }
  });

  it("see each other's backups, which have one row of numbers", async () => {
    let id = 0;
    for (const [made, seen] of [
      [one, other],
      [other, one],
    ] as const) {
      const backup = ["POST", `${siteFolder("shop")}/backup`] as const;
      const { status, text } = await ask(made, backup);
      expect(status, text).toBe(200);
      expect(text).toContain(`"id":${++id},`);
      const shown = async () => (await ask(seen, ["GET", `${siteFolder("shop")}/backups/${id}`])).text;
      await expect.poll(shown, { timeout: 180_000, interval: 500 }).toContain('"status":"Succeeded"');
    }
  });

  it("write what callers change to the log, which the platform keeps, and not to a file", () => {
    expect(one.output()).toMatch(/ audit .*operation=createKey/);
    expect(() => readFileSync(join(folder.path, "one", "audit.log"))).toThrow(/ENOENT/);
    expect(one.output() + other.output()).not.toMatch(/lb_nightly|eyJ/);
  });
});
