import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRecoveryKey } from "../../src/adapters/secrets/recovery-key.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";

describeWith("azurite", azuritePresent, "two services on one table", () => {
  const folder = temporaryFolder();
  const bootstrap = randomBytes(24).toString("base64url");
  const admin = { authorization: `Bearer ${bootstrap}` };
  let azurite: Azurite;
  let one: LifeboatProcess;
  let other: LifeboatProcess;
  beforeAll(async () => {
    azurite = await startAzurite({ tables: true });
    const environment = {
      LIFEBOAT_TABLES: azurite.connectionString,
      LIFEBOAT_SCRATCH: azurite.connectionString,
      LIFEBOAT_DESTINATION: `file://${join(folder.path, "backups")}`,
      LIFEBOAT_SEALING_KEYS: `test:${randomBytes(32).toString("base64")}`,
      LIFEBOAT_RECOVERY_KEY: createRecoveryKey().text.reveal(),
      LIFEBOAT_BOOTSTRAP_KEY: bootstrap,
    };
    one = await startLifeboat({ data: join(folder.path, "one"), flags: ["--tls-port", "off"], environment });
    other = await startLifeboat({ data: join(folder.path, "other"), flags: ["--tls-port", "off"], environment });
  });
  afterAll(async () => {
    await killAll();
    await azurite.stop();
    folder.remove();
  });

  const key = async (
    service: LifeboatProcess,
    method: string,
  ): Promise<Record<string, { readonly secret: string }>> => {
    const body = method === "PUT" ? { body: JSON.stringify({ properties: { role: "reader" } }) } : {};
    const url = `${service.url}/providers/Lifeboat/keys/robot?api-version=2025-05-01`;
    const text = await (await fetch(url, { method, headers: admin, ...body })).text();
    return JSON.parse(text === "" ? "{}" : text);
  };
  const login = async (service: LifeboatProcess, secret: string): Promise<string> => {
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: "robot",
      client_secret: secret,
    });
    const answer = await fetch(`${service.url}/adfs/oauth2/token`, { method: "POST", body });
    const { access_token: token }: { readonly access_token: string } = JSON.parse(await answer.text());
    return token;
  };
  const asked = async (service: LifeboatProcess, token: string): Promise<number> =>
    (
      await fetch(`${service.url}/subscriptions?api-version=2022-12-01`, {
        headers: { authorization: `Bearer ${token}` },
      })
    ).status;

  it("take each other's keys and the tokens of each other's logins, and none any more once the key is revoked", async () => {
    const secret = (await key(one, "PUT"))["properties"]?.secret ?? "";
    const tokens = [await login(one, secret), await login(other, secret)];
    for (const token of tokens) expect([await asked(one, token), await asked(other, token)]).toEqual([200, 200]);
    await key(other, "DELETE");
    expect(await asked(other, tokens[0] ?? "")).toBe(401);
    // Within ten seconds (docs/callers.md); the test's own limit is what ends it.
    for (const token of [secret, ...tokens])
      while ((await asked(one, token)) !== 401) await new Promise((resolve) => setTimeout(resolve, 100));
  });
});
